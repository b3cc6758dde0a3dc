"""A run that was stopped at any point goes on to the bits of one that never was."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch

from fusionkit.augmentations.gain import Gain
from fusionkit.config.run_config import RunConfig
from fusionkit.errors import IntegrityError, StoppedError, UsageError
from fusionkit.registry import Provider, Registry
from fusionkit.run import run as module
from fusionkit.run.lock import NAME as LOCK
from fusionkit.run.run import resume, run
from fusionkit.training.safekeeping import Safekeeping
from tests.unit.run.conftest import tiny
from tests.unit.run.stopping import Stop, fingerprint, half


def staged(folder: Path, **tables: Any) -> RunConfig:
    training = {"epochs": 3, "lr_schedule": "plateau", "patience": 2, **tables.pop("training", {})}
    return tiny(folder, 2, fuser={"name": "late_attention"}, training=training, **tables)


def stopped(config: RunConfig, registry: Registry, place: Path, number: int) -> bool:
    stop = Stop(number)
    try:
        run(config, registry, out=place, reporter=stop, keep=Safekeeping(interrupt=stop))
    except StoppedError as error:
        return error.message == f"stopped; go on with: fusionkit run --resume {place}"
    return False


def count(config: RunConfig, registry: Registry, place: Path) -> tuple[dict[str, str], int]:
    """Return what an undisturbed run gives, and at how many places it could be stopped."""
    run(config, registry, out=place.with_name("first"))  # computes the views, which later runs find
    stop = Stop(10**6)
    folder = run(config, registry, out=place, reporter=stop, keep=Safekeeping(interrupt=stop)).folder
    return fingerprint(folder), 10**6 - stop.left


def test_a_run_goes_on_from_every_phase(registry: Registry, heart_folder: Path, tmp_path: Path) -> None:
    config = staged(heart_folder, evaluation={"last_epochs": 2})
    whole, places = count(config, registry, tmp_path / "whole")
    phases = set()
    for number in range(1, places + 1, places // 6):
        place = tmp_path / str(number)
        assert stopped(config, registry, place, number)
        names = {path.name for path in place.iterdir()}
        assert LOCK not in names
        assert {"config.toml", "environment.json"} <= names
        phases.add("trained" if (place / "state" / "0").is_dir() else "read" if "split.csv" in names else "begun")
        assert fingerprint(resume(place, registry).folder) == whole, number
        assert not (place / "state").exists()
    assert {"begun", "trained"} <= phases


def test_stops_in_resumed_runs_of_folds(registry: Registry, heart_folder: Path, tmp_path: Path) -> None:
    registry.register("augmentation", "gain", Gain, Provider("fusionkit", "test"))
    split = {"split": "k-fold", "folds": 3}
    config = staged(heart_folder, training={"epochs": 2}, augmentations=[{"name": "gain"}], split=split)
    whole, places = count(config, registry, tmp_path / "whole")
    place = tmp_path / "often"
    assert stopped(config, registry, place, places // 4)
    stops = 1
    while not (place / "metrics.json").exists():
        stop = Stop(places // 4 + 10 * stops)  # a bit further each time, past the reading of recordings
        with contextlib.suppress(StoppedError):
            resume(place, registry, reporter=stop, keep=Safekeeping(interrupt=stop))
        stops += 1
    assert stops >= 3
    assert fingerprint(place) == whole


def test_a_complete_run_is_only_read(
    registry: Registry, heart_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = run(tiny(heart_folder), registry, out=tmp_path / "here")
    before = {path: path.read_bytes() for path in result.folder.rglob("*") if path.is_file()}
    monkeypatch.delattr(module, "load")
    again = resume(result.folder, registry)
    assert again == result
    (result.folder / "report.html").unlink()
    (result.folder / "state").mkdir()
    assert resume(result.folder, registry) == result
    after = {path: path.read_bytes() for path in result.folder.rglob("*") if path.is_file()}
    assert before == after
    assert not (result.folder / "state").exists()


def test_other_recordings_are_named(registry: Registry, heart_folder: Path, tmp_path: Path) -> None:
    place = half(registry, tiny(heart_folder), tmp_path / "here")
    changed = heart_folder / "low" / "s01_2.wav"
    original = changed.read_bytes()
    soundfile.write(changed, np.random.default_rng(5).normal(size=500).astype(np.float32), 500, subtype="FLOAT")
    with pytest.raises(IntegrityError, match="1 recordings are not those") as error:
        resume(place, registry)
    assert error.value.details == ("low/s01_2",)
    changed.unlink()
    with pytest.raises(IntegrityError) as error:
        resume(place, registry)
    assert error.value.details == ("low/s01_2",)
    changed.write_bytes(original)
    assert resume(place, registry).summary["epochs"] == 2


def test_another_split_is_named(registry: Registry, heart_folder: Path, tmp_path: Path) -> None:
    place = half(registry, tiny(heart_folder), tmp_path / "here")
    split = place / "split.csv"
    text = split.read_text(encoding="utf-8")
    split.write_text(text.replace(",train,", ",test,", 1), encoding="utf-8")
    with pytest.raises(IntegrityError, match=r"split\.csv"):
        resume(place, registry)
    split.write_text(text, encoding="utf-8")
    assert resume(place, registry).summary["epochs"] == 2


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("start", 0.1, "bounds, sample rate or channels of the windows"),
        ("clinic", "b", "values of the column 'clinic'"),
        ("label", "high", r"parts, labels or subjects of the data are not those of .*split\.csv"),
    ],
)
def test_another_manifest_is_refused_and_the_run_stays_as_it_was(
    registry: Registry, heart_folder: Path, tmp_path: Path, column: str, value: object, words: str
) -> None:
    files = sorted(heart_folder.rglob("*.wav"))
    rows = [(path.parent.name, path.name.split("_")[0], 0.0, 0.5, "a") for path in files]
    table = pd.DataFrame(rows, columns=["label", "subject", "start", "stop", "clinic"])
    table.insert(0, "path", [str(path) for path in files])
    manifest = tmp_path / "manifest.csv"
    table.to_csv(manifest, index=False)
    config = tiny(heart_folder, data={"spec": str(manifest), "options": {}}, training={"balance_within": "clinic"})
    place = half(registry, config, tmp_path / "here")
    before = {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}
    table.loc[table.index[table["label"] == "low"][0], column] = value
    table["stop"] = table["start"] + 0.5
    table.to_csv(manifest, index=False)
    with pytest.raises(IntegrityError, match=words):
        resume(place, registry)
    assert {path: path.read_bytes() for path in place.rglob("*") if path.is_file()} == before


def test_other_settings_are_named(registry: Registry, heart_folder: Path, tmp_path: Path) -> None:
    place = half(registry, tiny(heart_folder), tmp_path / "here")
    path = place / "config.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("lr = 0.001", "lr = 0.01").replace("embed_dim = 5", "embed_dim = 6"), encoding="utf-8")
    with pytest.raises(IntegrityError, match=r"config\.toml is not what .* began with; set it back") as error:
        resume(place, registry)
    assert sorted(error.value.details) == [
        "branches.0.encoder_options.embed_dim is 6, was 5",
        "training.lr is 0.01, was 0.001",
    ]
    path.write_text(text, encoding="utf-8")
    (place / "environment.json").unlink()
    with pytest.raises(IntegrityError, match=r"holds no environment\.json"):
        resume(place, registry)
    cautions = resume(place, registry, allow_different_env=True).summary["cautions"]
    assert any("unknown" in caution for caution in cautions)


def test_another_environment_is_refused_or_marked(registry: Registry, heart_folder: Path, tmp_path: Path) -> None:
    place = half(registry, tiny(heart_folder), tmp_path / "here")
    path = place / "environment.json"
    written = json.loads(path.read_text(encoding="utf-8"))
    assert written["device"] == "cpu"
    assert written["cpu"]
    path.write_text(json.dumps(written | {"threads": 77, "cpus": 99}), encoding="utf-8")
    with pytest.raises(UsageError, match="--allow-different-env") as error:
        resume(place, registry)
    assert error.value.details == (f"threads {torch.get_num_threads()} instead of 77",)
    summary = resume(place, registry, allow_different_env=True).summary
    expected = (
        f"not bit-comparable: resumed under another environment (threads {torch.get_num_threads()} instead of 77)"
    )
    assert expected in summary["cautions"]
    assert expected in (place / "report.html").read_text(encoding="utf-8")
