from __future__ import annotations

import dataclasses
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight

from fusionkit.augmentations.gain import Gain
from fusionkit.config.resolve import resolve
from fusionkit.config.run_config import RunConfig
from fusionkit.data.load import load_manifest
from fusionkit.data.recordings import FileRecordings
from fusionkit.errors import UsageError
from fusionkit.evaluation.metrics import METRICS, score_splits
from fusionkit.model import inference
from fusionkit.model.fusion_model import FusionModel
from fusionkit.model.read_ahead import read_ahead
from fusionkit.registry import Provider, Registry
from fusionkit.run import fold as fold_module
from fusionkit.run.experiment import Outcome, build_model, run_folds
from fusionkit.run.fold import Fold, make_plan
from fusionkit.run.prepare import Prepared, prepare
from fusionkit.run.reporter import SilentReporter
from fusionkit.run.run import run
from fusionkit.run.saved_model import load_model
from fusionkit.run.views import view_arrays
from fusionkit.training import epochs
from fusionkit.training.fit import Trained
from fusionkit.training.safekeeping import Safekeeping
from tests.unit.run.conftest import tiny


class Notes(SilentReporter):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def prepared_data(config: RunConfig, registry: Registry) -> tuple[Prepared, np.ndarray, Any]:
    manifest = load_manifest(config.data, registry, config.dataset_options)
    data = prepare(config, registry, FileRecordings(manifest), SilentReporter())
    signals = np.stack([data.reader.read(row) for row in data.windows.to_dict("records")])
    return data, signals, view_arrays(build_model(config, registry, data), signals)


def outcome(config: RunConfig, registry: Registry, notes: Notes | None = None) -> Outcome:
    config = resolve(config, registry)
    data, signals, views = prepared_data(config, registry)
    model = build_model(config, registry, data)
    return run_folds(config, registry, data, model, signals, views, notes or Notes(), lambda *_: None)


@pytest.mark.parametrize("patience", [0, 2])
def test_the_last_epochs_are_scored_on_the_test_part(registry: Registry, heart_folder: Path, patience: int) -> None:
    training = {"epochs": 4, "patience": patience, "selection": "last"}
    found = outcome(tiny(heart_folder, training=training, evaluation={"last_epochs": 2}), registry)
    table = found.last_epochs
    assert table["epoch"].tolist() == found.history["epoch"].tolist()[-2:]
    assert table.columns.tolist() == ["fold", "epoch", *METRICS]
    # The model has its last weights, so that its own figures are those of the last epoch.
    test = score_splits(found.predictions)["test"]
    assert table[list(METRICS)].iloc[-1].tolist() == pytest.approx([test[name] for name in METRICS], abs=1e-12)
    earlier = outcome(
        tiny(heart_folder, training=training | {"epochs": int(table["epoch"].iloc[0]), "patience": 0}), registry
    )
    before = score_splits(earlier.predictions)["test"]
    assert table[list(METRICS)].iloc[0].tolist() == pytest.approx([before[name] for name in METRICS], abs=1e-12)
    assert earlier.last_epochs.empty


def test_scoring_the_last_epochs_changes_no_training(registry: Registry, heart_folder: Path) -> None:
    one, other = (
        outcome(tiny(heart_folder, evaluation={"last_epochs": count}), registry).models["0"].state_dict()
        for count in (0, 2)
    )
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_the_test_part_can_choose_the_epochs(registry: Registry, heart_folder: Path) -> None:
    training = {"epochs": 3, "monitor": "accuracy", "ties": "first"}
    found = outcome(
        tiny(heart_folder, training=training, split={"validation": "test"}, evaluation={"last_epochs": 3}), registry
    )
    assert set(found.predictions["split"]) == {"train", "test"}
    # A recording is one window here.
    assert found.history["value"].tolist() == pytest.approx(found.last_epochs["accuracy"].tolist())


def test_class_weights_differ_by_stage(registry: Registry, heart_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stages = {"attention": {"class_weights": "none"}}
    config = resolve(tiny(heart_folder, 2, fuser={"name": "late_attention"}, stages=stages), registry)
    data, _, views = prepared_data(config, registry)
    data = dataclasses.replace(data, targets=(np.arange(len(data.targets)) % 5 == 0).astype(np.int64))
    model = build_model(config, registry, data)
    seen = []
    monkeypatch.setattr(
        fold_module, "fit", lambda training, make: seen.extend(make(p.settings) for p in plan) or Trained([], [], 0.0)
    )
    plan = make_plan(config, model)
    Fold(config, "0", model, data, views).fit(None, lambda event: None, lambda *_: None, Safekeeping())
    for number, (train, _) in enumerate(seen):
        assert 0 < train.targets.mean() < 0.4
        expected = np.ones(2)
        if number < 2:
            expected = compute_class_weight("balanced", classes=np.arange(2), y=train.targets)
        np.testing.assert_allclose(train.weights, expected[train.targets], rtol=1e-6)
    assert len(seen) == 3


def test_a_run_starts_from_another_and_trains_what_is_named(
    registry: Registry, heart_folder: Path, tmp_path: Path
) -> None:
    first = run(resolve(tiny(heart_folder), registry), registry, out=tmp_path / "first").folder
    source = learnt(first, registry)
    notes = Notes()
    training = {"init": str(first), "learn": ["fuser"], "lr": 0.1}
    found = outcome(tiny(heart_folder, training=training), registry, notes)
    ended = found.models["0"].state_dict()
    changed = {name for name in source if not torch.equal(source[name], ended[name])}
    assert changed == {name for name in source if name.startswith("fuser.")}
    assert f"init: {len(source)} of {len(source)} tensors of {first} taken" in notes.notes


def learnt(folder: Path, registry: Registry) -> dict[str, torch.Tensor]:
    model: FusionModel = load_model(folder, registry).model
    return {name: t for name, t in model.state_dict().items() if not name.startswith("representations.")}


def test_last_epochs_need_a_test_part(registry: Registry, heart_folder: Path) -> None:
    config = tiny(heart_folder, split={"test_fraction": 0.0}, evaluation={"last_epochs": 1})
    with pytest.raises(UsageError, match="last_epochs is 1, but fold '0' has no test part"):
        outcome(config, registry)


def test_an_unknown_stage_is_told_before_training(registry: Registry, heart_folder: Path) -> None:
    with pytest.raises(UsageError, match=r"the model has no stage 'branch', .* its stages: 'joint'"):
        outcome(tiny(heart_folder, stages={"branch": {"lr": 0.1}}), registry)


@pytest.mark.parametrize(
    "tables",
    [{}, {"augmentations": [{"name": "gain"}]}, {"training": {"views": "step"}}],
    ids=["plain", "gain", "live"],
)
def test_reading_ahead_as_for_a_gpu_changes_no_bit(
    registry: Registry, heart_folder: Path, monkeypatch: pytest.MonkeyPatch, tables: dict[str, Any]
) -> None:
    registry.register("augmentation", "gain", Gain, Provider("fusionkit", "test"))
    config = tiny(heart_folder, 2, **tables)
    expected = outcome(config, registry)
    threads = set()

    def ahead(read: Any, keys: Any, device: torch.device) -> Any:
        return read_ahead(lambda key: threads.add(threading.current_thread()) or read(key), keys, torch.device("meta"))

    for module in (epochs, inference):
        monkeypatch.setattr(module, "read_ahead", ahead)
    pd.testing.assert_frame_equal(outcome(config, registry).predictions, expected.predictions, check_exact=True)
    assert threads
    assert threading.main_thread() not in threads
