from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch

from fusionkit.config.resolve import resolve
from fusionkit.config.toml import parse
from fusionkit.data.readers import read_samples
from fusionkit.errors import DataError, IntegrityError, ResourceError, UsageError
from fusionkit.evaluation.metrics import score_splits
from fusionkit.evaluation.predictions import read_predictions
from fusionkit.model.inference import probabilities
from fusionkit.registry import Registry
from fusionkit.run.negotiate import negotiate
from fusionkit.run.run import run
from fusionkit.run.run_folder import RunFolder
from fusionkit.run.saved_model import load_model
from fusionkit.training import checkpoint
from fusionkit.training.checkpoint import MANIFEST
from tests.unit.run.conftest import tiny


def manifest(folder: Path, place: Path, **columns: Any) -> Path:
    files = sorted(folder.rglob("*.wav"))
    table = pd.DataFrame({"path": map(str, files), "label": [file.parent.name for file in files]})
    table["subject"] = [file.name[:3] for file in files]
    for name, make in columns.items():
        table[name] = [make(file) for file in files]
    table.to_csv(place, index=False)
    return place


def test_a_run_can_be_computed_again_from_its_folder(registry: Registry, heart_folder: Path, tmp_path: Path) -> None:
    config = resolve(tiny(heart_folder), registry)
    result = run(config, registry, out=tmp_path / "here")
    folder = result.folder
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert metrics == json.loads(json.dumps(result.summary))

    predictions = read_predictions(folder / "predictions.csv")
    assert json.loads(json.dumps(score_splits(predictions))) == metrics["metrics"]
    right = ((predictions["p_low"] > 0.5) == (predictions["label"] == "low"))[predictions["split"] == "test"]
    assert metrics["metrics"]["test"]["accuracy"] == pytest.approx(right.mean(), abs=1e-12)

    saved = load_model(folder, registry)
    assert saved.config == config == parse((folder / "config.toml").read_text(encoding="utf-8"))
    assert not saved.model.training
    paths = [heart_folder / f"{record}.wav" for record in predictions["record"]]
    x = torch.from_numpy(np.stack([read_samples(str(path), 0, 500) for path in paths]))
    with torch.no_grad():
        found = probabilities(saved.task, saved.model(x))
    expected = predictions[[f"p_{name}" for name in saved.task.classes]].to_numpy()
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)

    split = pd.read_csv(folder / "split.csv", comment="#")
    told = predictions.set_index("record")["split"]
    assert told.to_dict() == split.set_index("record")["split"].to_dict()
    assert (split.groupby("subject")["split"].nunique() == 1).all()
    assert len(pd.read_csv(folder / "history.csv")) == metrics["epochs"] == 2
    assert not list(folder.rglob(".inprogress*"))


def test_two_runs_are_one_and_leave_the_random_state_alone(
    registry: Registry, heart_folder: Path, tmp_path: Path
) -> None:
    config = tiny(heart_folder, 2)
    state = torch.get_rng_state()
    first = run(config, registry, out=tmp_path / "a").folder
    assert torch.equal(state, torch.get_rng_state())
    torch.manual_seed(99)
    second = run(config, registry, out=tmp_path / "b").folder
    other = run(tiny(heart_folder, 2, seed=4), registry, out=tmp_path / "c").folder
    weights = [load_model(folder, registry).model.state_dict() for folder in (first, second, other)]
    assert all(torch.equal(tensor, weights[1][name]) for name, tensor in weights[0].items())
    assert not all(torch.equal(tensor, weights[2][name]) for name, tensor in weights[0].items())
    tables = [(folder / "predictions.csv").read_bytes() for folder in (first, second)]
    assert tables[0] == tables[1]


def test_the_wave_at_another_rate_has_another_view(registry: Registry, heart_folder: Path, tmp_path: Path) -> None:
    """The samples of a recording say nothing of their rate, which decides a Mel spectrogram."""
    options = {"n_mels": 8, "n_fft": 64, "size": (16, 16)}
    vit = {"embed_dim": 8, "depth": 1, "num_heads": 2, "patch_size": (8, 8)}
    branch = {"representation": "mel", "encoder": "vit", "representation_options": options, "encoder_options": vit}
    config = tiny(heart_folder, branches=[branch], training={"epochs": 1})

    def predictions(name: str) -> bytes:
        return (run(config, registry, out=tmp_path / name).folder / "predictions.csv").read_bytes()

    first = predictions("a")
    for path in heart_folder.rglob("*.wav"):
        samples, _ = soundfile.read(path, dtype="float32")
        soundfile.write(path, samples, 1000, subtype="FLOAT")
    warm = predictions("b")
    for entry in (tmp_path / "cache").rglob("*"):
        if entry.is_file():
            entry.unlink()
    assert warm == predictions("c")
    assert warm != first


def test_recordings_that_are_unused_decide_nothing(registry: Registry, heart_folder: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for number in range(3):
        path = heart_folder / "odd" / f"x{number}0_0.wav"
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, rng.normal(size=500).astype(np.float32), 500, subtype="FLOAT")

    def part(file: Path) -> str:
        number = int(file.name[1:3])
        if file.parent.name == "odd":
            return "unused"
        return "test" if number < 3 else "validation" if number < 6 else "train"

    place = manifest(heart_folder, tmp_path / "all.csv", split=part)
    config = tiny("", data={"spec": str(place), "options": {}}, split={"split": "predefined"})
    result = run(config, registry, out=tmp_path / "here")
    assert result.summary["classes"] == ["high", "low"]
    assert result.summary["metrics"]["test"]["roc_auc"] is not None
    parts = pd.read_csv(result.folder / "split.csv", comment="#")["split"].value_counts()
    assert (parts["unused"], parts.sum()) == (3, 27)


@pytest.mark.parametrize("monitor", ["roc_auc", "average_precision", "balanced_accuracy"])
def test_a_validation_part_that_lacks_a_class(
    registry: Registry, heart_folder: Path, tmp_path: Path, monitor: str
) -> None:
    def label(file: Path) -> str:
        return "third" if int(file.name[1:3]) in (0, 1, 2) else file.parent.name

    def part(file: Path) -> str:
        number = int(file.name[1:3])
        return "test" if number in (0, 3, 4) else "validation" if number in (5, 6) else "train"

    place = manifest(heart_folder, tmp_path / "all.csv", split=part)
    table = pd.read_csv(place)
    table["label"] = [label(Path(path)) for path in table["path"]]
    table.to_csv(place, index=False)
    data = {"spec": str(place), "options": {}}
    config = tiny("", data=data, split={"split": "predefined"}, training={"monitor": monitor})
    if monitor == "balanced_accuracy":
        assert np.isfinite(pd.read_csv(run(config, registry, out=tmp_path / "x").folder / "history.csv")["value"]).all()
        return
    with pytest.raises(DataError, match=f"validation part has no recording of 'third', so there is no {monitor}"):
        run(config, registry, out=tmp_path / "here")
    assert not (tmp_path / "here").exists()


@pytest.mark.parametrize("names", [("../../a", "b/c"), ("NA", "None"), (".", "..")])
def test_databases_with_any_name(
    registry: Registry, heart_folder: Path, tmp_path: Path, names: tuple[str, str]
) -> None:
    place = manifest(heart_folder, tmp_path / "all.csv", database=lambda file: names[int(file.name[1:3]) % 2])
    data = {"spec": str(place), "options": {}}
    config = tiny("", data=data, split={"split": "leave-one-database-out"}, training={"epochs": 1})
    before = {path for path in tmp_path.rglob("*") if "cache" not in path.parts}
    folder = run(config, registry, out=tmp_path / "runs" / "here").folder
    new = {path for path in tmp_path.rglob("*") if "cache" not in path.parts} - before - {tmp_path / "runs"}
    assert all(path == folder or folder in path.parents for path in new)
    places = sorted((folder / "checkpoints").iterdir())
    assert len(places) == 2
    assert all((place / "best" / MANIFEST).is_file() for place in places)
    scores = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["metrics"]
    assert set(scores["test"]["folds"]) == set(names)
    assert json.loads(json.dumps(score_splits(read_predictions(folder / "predictions.csv")))) == scores
    with pytest.raises(DataError, match="has a model a fold"):
        load_model(folder, registry)
    assert load_model(places[0] / "best", registry).task.classes == ("high", "low")


def test_a_column_to_balance_within_must_be_complete(registry: Registry, heart_folder: Path, tmp_path: Path) -> None:
    place = manifest(heart_folder, tmp_path / "all.csv", site=lambda file: "" if "00" in file.name else "a")
    config = tiny("", data={"spec": str(place), "options": {}}, training={"balance_within": "site"})
    with pytest.raises(DataError, match=r"balance_within is 'site', but 2 recordings have none"):
        run(config, registry, out=tmp_path / "here")
    with pytest.raises(DataError, match="no such column"):
        run(tiny(heart_folder, training={"balance_within": "site"}), registry, out=tmp_path / "here")


def test_a_place_that_cannot_become_a_run_folder(registry: Registry, heart_folder: Path, tmp_path: Path) -> None:
    config = tiny(heart_folder)
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "notes.txt").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for place, error in (
        ("used", UsageError),
        ("used/notes.txt", UsageError),
        ("used/notes.txt/deeper", ResourceError),
        ("x" * 300, ResourceError),
        ("link", ResourceError),
    ):
        with pytest.raises(error, match="output folder"):
            run(config, registry, out=tmp_path / place)
    assert [path.name for path in (tmp_path / "used").iterdir()] == ["notes.txt"]


def test_a_place_that_is_read_only(
    registry: Registry, heart_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Any, *arguments: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(ResourceError, match="Permission denied"):
        run(tiny(heart_folder), registry, out=tmp_path / "here")
    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(ResourceError, match="cannot be looked at: Permission denied"):
        run(tiny(heart_folder), registry, out=tmp_path)
    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(ResourceError, match="Permission denied"):
        RunFolder.named(tmp_path / "runs", "x", 0)


def test_run_folders_of_one_second_are_different(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.strftime", lambda form: "20260101-000000")
    names = [RunFolder.named(tmp_path, "mel-vit+<wave>/../x", 3).path.name for _ in range(3)]
    first = "20260101-000000-mel-vit+-wave-..-x-seed3"
    assert names == [first, f"{first}-2", f"{first}-3"]


def test_files_of_a_run_folder_are_written_whole(tmp_path: Path) -> None:
    folder = RunFolder.new(tmp_path / "here")
    folder.write_csv("x.csv", pd.DataFrame({"a": [0.1, 1 / 3, 5e-324]}))
    assert (folder.path / "x.csv").read_text() == f"a\n0.1\n{1 / 3!r}\n5e-324\n"
    folder.write_json("x.json", {"a": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        folder.write_json("x.json", {"a": float("nan")})
    assert json.loads((folder.path / "x.json").read_text()) == {"a": 1}


def forge(place: Path, **changes: Any) -> None:
    content = json.loads((place / MANIFEST).read_bytes())
    del content["sha256"]
    (place / MANIFEST).write_bytes(checkpoint._signed({**content, **changes}))


def test_a_checkpoint_that_does_not_fit_is_refused(registry: Registry, heart_folder: Path, tmp_path: Path) -> None:
    folder = run(tiny(heart_folder, training={"epochs": 1}), registry, out=tmp_path / "here").folder
    best = folder / "checkpoints" / "best"
    kept = (best / MANIFEST).read_bytes()
    content = json.loads(kept)
    task, signal, config = content["task"], content["signal"], content["config"]
    for changes, words in (
        ({"config": config.replace('"cnn1d"', '"os.system"')}, "there is no encoder 'os.system'"),
        ({"config": "a = "}, "not valid TOML"),
        ({"config": config.replace("embed_dim = 5", "embed_dim = 6")}, "weights do not fit"),
        ({"config": config.replace("embed_dim = 5", "embed = 6")}, "no option 'embed'"),
        ({"task": {**task, "num_outputs": 3}}, "no task is"),
        ({"task": {**task, "num_outputs": 2}}, "weights do not fit"),
        ({"task": {"kind": "binary"}}, "signal, task or config"),
        ({"task": 3}, "signal, task or config"),
        ({"signal": {**signal, "leads": 12}}, "signal, task or config"),
        ({"signal": {**signal, "channels": 2}}, "weights do not fit"),
    ):
        (best / MANIFEST).write_bytes(kept)
        forge(best, **changes)
        with pytest.raises(IntegrityError) as error:
            load_model(folder, registry)
        assert words in str(error.value)
        assert "\n" not in str(error.value)
    (best / MANIFEST).write_bytes(kept)
    assert load_model(best, registry).task.classes == ("high", "low")


def test_what_holds_no_model(registry: Registry, tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "missing"):
        with pytest.raises(DataError, match="neither a run folder nor a checkpoint"):
            load_model(place, registry)


def test_a_negotiation_is_what_the_model_is(registry: Registry, heart_folder: Path, tmp_path: Path) -> None:
    config = tiny(heart_folder, 2, training={"schedule": "staged"})
    shown = negotiate(config, registry)
    result = run(config, registry, out=tmp_path / "here")
    assert json.loads(json.dumps(shown)) == json.loads(json.dumps(result.summary["model"]))
    assert shown["signal"] == {"channels": 1, "samples": 500, "sample_rate": 500.0}
    assert shown["fuser"]["stages"] == ["branch wave-cnn1d", "branch wave-cnn1d-2", "fuser"]
    saved = load_model(result.folder, registry).model
    assert shown["parameters"]["trainable"] == sum(p.numel() for p in saved.parameters())
    branch = shown["branches"][0]
    assert (branch["view_shape"], branch["embed_dim"], branch["token_dim"]) == ([1, 500], 5, 4)
