"""What a run tells, leaves and refuses when it cannot begin or go on."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from fusionkit.errors import DataError, IntegrityError, ResourceError, RunError, UsageError
from fusionkit.fusers.single import Single
from fusionkit.registry import Registry
from fusionkit.run.lock import NAME as LOCK
from fusionkit.run.lock import locked
from fusionkit.run.run import resume, run
from fusionkit.training.checkpoint_every import CheckpointEvery
from fusionkit.training.safekeeping import Safekeeping
from tests.unit.run.conftest import tiny
from tests.unit.run.stopping import Stop, fingerprint, half


@pytest.mark.parametrize("content", [None, "", "x"])
def test_where_nothing_was_begun(registry: Registry, heart_folder: Path, tmp_path: Path, content: str | None) -> None:
    place = tmp_path / "here"
    place.mkdir()
    (place / LOCK).write_text("1 x\n", encoding="utf-8")
    if content is not None:
        (place / ".inprogress-999999999-config.toml").write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match="nothing was begun there"):
        resume(place, registry)
    run(tiny(heart_folder), registry, out=place)
    assert not list(place.glob(".*"))


def test_what_dead_processes_left_is_swept_and_told_once(
    registry: Registry, heart_folder: Path, tmp_path: Path
) -> None:
    place = half(registry, tiny(heart_folder), tmp_path / "here")
    for number in range(50):
        (place / "state" / f".inprogress-{999_000_000 + number}-weights").write_text("x", encoding="utf-8")
    living = place / ".inprogress-1-mine"
    living.write_text("x", encoding="utf-8")
    (place / LOCK).write_text("999000000 host\n", encoding="utf-8")
    reporter = Stop(10**6)
    resume(place, registry, reporter=reporter)
    told = [note for note in reporter.notes if "removed" in note]
    assert len(told) == 1
    assert "50 unfinished files and a lock" in told[0]
    assert [path.name for path in place.glob(".*")] == [living.name]


def test_a_folder_in_use_is_left_alone(registry: Registry, heart_folder: Path, tmp_path: Path) -> None:
    place = half(registry, tiny(heart_folder), tmp_path / "here")
    with locked(place, print):
        with pytest.raises(UsageError, match="in use by process"):
            resume(place, registry)
        with pytest.raises(UsageError, match="in use by process"):
            run(tiny(heart_folder), registry, out=place)
    with pytest.raises(UsageError, match=r"not empty; .* --resume"):
        run(tiny(heart_folder), registry, out=place)
    assert resume(place, registry).summary["epochs"] == 2


def test_a_configuration_that_was_damaged(registry: Registry, heart_folder: Path, tmp_path: Path) -> None:
    place = half(registry, tiny(heart_folder), tmp_path / "here")
    (place / "config.toml").write_text("seed = 'x'", encoding="utf-8")
    with pytest.raises(IntegrityError, match=r"config\.toml cannot be used"):
        resume(place, registry)


def test_no_room_is_told_before_training(
    registry: Registry, heart_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    with pytest.raises(ResourceError, match=r"need \d+ bytes, 1000 are free"):
        run(tiny(heart_folder), registry, out=tmp_path / "new" / "here")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("when", [1, 6])
def test_a_loss_that_diverges_names_the_last_good_weights(
    registry: Registry, heart_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: int
) -> None:
    calls = 0

    def forward(self: Single, features: Any) -> torch.Tensor:
        nonlocal calls
        calls += self.training
        return original(self, features) * (float("nan") if calls >= when else 1.0)

    original = Single.forward
    monkeypatch.setattr(Single, "forward", forward)
    place = tmp_path / "here"
    with pytest.raises(RunError, match="the loss became nan") as error:
        run(tiny(heart_folder, training={"epochs": 9}), registry, out=place)
    named = f"the last good weights: {place / 'checkpoints' / 'last'}" in str(error.value)
    assert named == (when > 1) == place.exists()


def test_too_little_memory_names_the_way_on(
    registry: Registry, heart_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 0

    def forward(self: Single, features: Any) -> torch.Tensor:
        nonlocal calls
        calls += self.training
        if self.training and calls == 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return original(self, features)

    original = Single.forward
    config = tiny(heart_folder)
    whole = fingerprint(run(config, registry, out=tmp_path / "whole").folder)
    monkeypatch.setattr(Single, "forward", forward)
    place = tmp_path / "here"
    with pytest.raises(ResourceError, match=f"lower --batch-size; go on with: fusionkit run --resume {place}"):
        run(config, registry, out=place, keep=Safekeeping(every=CheckpointEvery(steps=1)))
    assert fingerprint(resume(place, registry).folder) == whole


def test_a_refused_run_leaves_no_folder(registry: Registry, heart_folder: Path, tmp_path: Path) -> None:
    config = tiny(heart_folder, training={"balance_within": "hospital"})
    (tmp_path / "empty").mkdir()
    for place in (tmp_path / "a" / "b", tmp_path / "empty"):
        with pytest.raises(DataError):
            run(config, registry, out=place)
    assert not (tmp_path / "a").exists()
    assert list((tmp_path / "empty").iterdir()) == []


def test_a_moved_data_set_and_another_device_are_taken_from_the_given_configuration(
    registry: Registry, heart_folder: Path, tmp_path: Path
) -> None:
    place = half(registry, tiny(heart_folder), tmp_path / "here")
    moved = heart_folder.rename(tmp_path / "moved")
    with pytest.raises(DataError):
        resume(place, registry)
    assert (place / "state" / "0").is_dir()
    config = tiny(moved)
    config = dataclasses.replace(config, training=dataclasses.replace(config.training, device="auto"))
    if torch.cuda.is_available():
        pytest.skip("auto is another device here")
    assert resume(place, registry, config=config).summary["epochs"] == 2
    assert 'device = "auto"' in (place / "config.toml").read_text(encoding="utf-8")
