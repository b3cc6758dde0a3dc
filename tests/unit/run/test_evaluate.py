from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from fusionkit.config.resolve import resolve
from fusionkit.data.settings import DataSettings
from fusionkit.data.split_settings import SplitSettings
from fusionkit.errors import DataError, UsageError
from fusionkit.interfaces import Task
from fusionkit.model.inference import probabilities
from fusionkit.plugins import build_registry
from fusionkit.registry import Registry
from fusionkit.run.evaluate import evaluate
from fusionkit.run.evaluation_request import EvaluationRequest
from fusionkit.run.foreign_data import model_labels, model_windows
from fusionkit.run.run import run
from fusionkit.run.saved_model import load_model
from fusionkit.run.seen_records import seen_records
from tests.unit.run.conftest import tiny


def leads(place: Path, names: str, *, samples: int = 300, seed: int = 0) -> tuple[str, np.ndarray]:
    """Write 16 recordings with some channels at 100 Hz and return their manifest and signals."""
    channels = names.count(",") + 1
    signals = np.random.default_rng(seed).normal(scale=0.1, size=(16, channels, samples)).astype(np.float32)
    place.mkdir()
    for number, signal in enumerate(signals):
        np.save(place / f"{number}.npy", signal)
    table = pd.DataFrame({"path": [f"{number}.npy" for number in range(16)], "sample_rate": 100.0, "channels": names})
    table["id"], table["label"] = table["path"], ["sick" if number % 2 else "well" for number in range(16)]
    table["subject"] = [f"s{number // 2}" for number in range(16)]
    table.to_csv(place / "all.csv", index=False)
    return str(place / "all.csv"), signals


def trained(registry: Registry, tmp_path: Path, spec: str, **tables: Any) -> Path:
    data = {"spec": spec, "options": {}, **tables.pop("data", {})}
    return run(resolve(tiny("", data=data, **tables), registry), registry, out=tmp_path / "run").folder


def test_channels_are_found_by_name_and_windows_and_preprocessing_are_those_of_training(tmp_path: Path) -> None:
    registry = build_registry()[0]
    spec, _ = leads(tmp_path / "a", "I,II,V5")
    cut = {"channels": ["V5", "II"], "window": "hop", "duration": 1.0, "hop": 0.5}
    folder = trained(registry, tmp_path, spec, data=cut, preprocessors=[{"name": "baseline"}])
    saved = load_model(folder, registry)
    other, signals = leads(tmp_path / "b", "II,aVF,V5", seed=1)
    request = EvaluationRequest(data=model_windows(saved, other, {}))
    result = evaluate(folder, saved, request, registry, out=tmp_path / "scored")
    table = pd.read_csv(result.folder / "predictions.csv", dtype={"record": str})
    assert len(table) == 16 * 5
    clean = registry.get("preprocessor", "baseline").create(100.0, options={})
    for row in table.to_dict("records"):
        signal = clean(signals[int(row["record"].removesuffix(".npy"))][[2, 0]])
        first = round(row["start"] * 100)
        window = torch.from_numpy(signal[None, :, first : first + 100].copy())
        with torch.no_grad():
            expected = probabilities(saved.task, saved.model(window))[0]
        assert [row[f"p_{name}"] for name in saved.task.classes] == pytest.approx(expected.tolist(), abs=1e-5)

    lacking, _ = leads(tmp_path / "c", "I,aVF", seed=2)
    with pytest.raises(DataError, match="the model takes V5, II, but the recordings have I, aVF"):
        evaluate(
            folder, saved, EvaluationRequest(data=model_windows(saved, lacking, {})), registry, out=tmp_path / "no"
        )


def test_the_folds_of_a_split_share_one_model(registry: Registry, tmp_path: Path) -> None:
    spec, _ = leads(tmp_path / "a", "II")
    folder = trained(registry, tmp_path, spec)
    saved = load_model(folder, registry)
    other, _ = leads(tmp_path / "b", "V5", samples=400, seed=1)
    whole = EvaluationRequest(data=model_windows(saved, other, {}))
    folds = dataclasses.replace(whole, split=SplitSettings(split="k-fold", folds=2))
    tables = [
        pd.read_csv(evaluate(folder, saved, request, registry, out=tmp_path / name).folder / "predictions.csv")
        for name, request in (("whole", whole), ("folds", folds))
    ]
    assert [table["fold"].nunique() for table in tables] == [1, 2]
    plain, shared = (table.sort_values("record")[["record", "p_well", "p_sick"]] for table in tables)
    assert plain.to_numpy().tolist() == shared.to_numpy().tolist()

    part = dataclasses.replace(whole, split=SplitSettings(split="subject", test_fraction=0), part="test")
    with pytest.raises(UsageError, match="has no part 'test'; it has"):
        evaluate(folder, saved, part, registry, out=tmp_path / "none")


def test_the_checkpoint_of_a_fold_has_seen_what_its_fold_trained_on(registry: Registry, tmp_path: Path) -> None:
    spec, _ = leads(tmp_path / "a", "II")
    folder = trained(registry, tmp_path, spec, split={"split": "k-fold", "folds": 2})
    checkpoint = folder / "checkpoints" / "1" / "best"
    saved = load_model(checkpoint, registry)
    split = pd.read_csv(folder / "split.csv", comment="#", dtype=str)
    expected = split[(split["fold"] == "1") & (split["split"] != "test")]["record"]
    everything = set(split["record"])
    assert seen_records(checkpoint, saved, saved.config, everything).records == tuple(sorted(expected))
    other = dataclasses.replace(saved.config, data=DataSettings(spec=f"folder:{tmp_path}"))
    assert seen_records(checkpoint, saved, other, everything).records == ()
    with pytest.raises(DataError, match=f"trained on {len(expected)} of these") as caught:
        evaluate(checkpoint, saved, EvaluationRequest(data=model_windows(saved, spec, {})), registry)
    assert list(caught.value.details) == sorted(expected)


def test_windows_are_those_of_training_unless_the_user_says_otherwise(registry: Registry, tmp_path: Path) -> None:
    spec, _ = leads(tmp_path / "a", "II")
    saved = load_model(trained(registry, tmp_path, spec, data={"window": "whole"}), registry)

    def windows(given: dict[str, Any], **data: Any) -> tuple[str, float | None, float | None]:
        config = dataclasses.replace(saved.config, data=dataclasses.replace(saved.config.data, **data))
        chosen = model_windows(dataclasses.replace(saved, config=config), "demo-pcg", given)
        return chosen.window, chosen.duration, chosen.hop

    assert windows({}) == ("first", 3.0, None)
    hopped = {"window": "hop", "duration": 3.0, "hop": 1.0}
    assert windows({}, **hopped) == ("hop", 3.0, 1.0)
    assert windows({"hop": 2.0}, **hopped) == ("hop", 3.0, 2.0)
    assert windows({"window": "first"}, **hopped) == ("first", 3.0, None)
    for name, value in {"duration": 1.0, "sample_rate": 50.0, "classes": ("a", "b")}.items():
        with pytest.raises(UsageError, match="decided by the trained model"):
            windows({name: value})


@pytest.mark.parametrize(
    ("kind", "labels", "expected"),
    [
        ("multilabel", ["a;x", "b", "x;y", "q"], ["a", "b", "a;b"]),
        ("multiclass", ["a", "x", "y", "q"], ["a", "a", "b"]),
    ],
)
def test_classes_are_mapped_and_unknown_ones_dropped(kind: Any, labels: list[str], expected: list[str]) -> None:
    manifest = pd.DataFrame({"id": list("1234"), "label": labels})
    manifest.attrs["cautions"] = ("told",)
    task = Task(kind, ("a", "b", "c"), 3)
    mapped = model_labels(manifest, task, {"x": "a", "y": "b"}, "drop")
    assert list(mapped["label"]) == expected
    assert list(mapped["id"]) == list("123")
    assert mapped.attrs == {"cautions": ("told",), "classes": ("a", "b", "c"), "multilabel": kind == "multilabel"}
    with pytest.raises(DataError, match="but the data have q too"):
        model_labels(manifest, task, {"x": "a", "y": "b"}, "error")
