from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import soundfile

from fusionkit.data.load import load_manifest
from fusionkit.data.recordings import FileRecordings
from fusionkit.data.split_file import write_split_file
from fusionkit.errors import DataError, FusionkitError, PluginError, ResourceError, RunError, UsageError
from fusionkit.registry import Registry
from fusionkit.reproduce import execute as module
from fusionkit.reproduce.check_data import used_recordings
from fusionkit.reproduce.execute import execute, is_complete
from fusionkit.reproduce.finished_models import with_finished_models
from fusionkit.reproduce.plan import Plan, TableRequest, plan
from fusionkit.reproduce.targets import Target
from fusionkit.run.prepare import prepare
from fusionkit.run.reporter import SilentReporter
from fusionkit.run.same_data import recordings_digest


@dataclasses.dataclass
class Notes(SilentReporter):
    lines: list[str] = dataclasses.field(default_factory=list)

    def note(self, text: str) -> None:
        self.lines.append(text)


@pytest.fixture
def planned(presets: Registry, make_target: Callable[..., Target], heart_folder: Path, tmp_path: Path) -> Plan:
    request = TableRequest(target=make_target(), spec=f"folder:{heart_folder}", seeds=(0, 1), out=tmp_path / "out")
    return plan(request, presets)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch, fake_run: Callable[..., None]) -> list[Path]:
    """Return the folders of the runs that are made from now on."""
    folders: list[Path] = []

    def run(*given: Any, out: Path, **named: Any) -> None:
        folders.append(out)
        fake_run(*given, out=out, **named)

    def resume(folder: Path, registry: Registry, *, config: Any, **named: Any) -> None:
        run(config, registry, out=folder, **named)

    monkeypatch.setattr(module, "run", run)
    monkeypatch.setattr(module, "resume", resume)
    return folders


def test_only_what_is_missing_is_made(planned: Plan, presets: Registry, made: list[Path]) -> None:
    notes = Notes()
    assert execute(planned, presets, notes) == []
    assert made == [run.folder for run in planned.runs]
    assert [line for line in notes.lines if line.startswith("run 1 of 4: tiny/seed0")]
    assert "min left" in notes.lines[-1]
    again = Notes()
    execute(planned, presets, again)
    assert len(made) == 4
    assert again.lines == ["4 of 4 runs are there already"]


def test_a_run_that_was_stopped_goes_on(planned: Plan, presets: Registry, made: list[Path]) -> None:
    execute(planned, presets, SilentReporter())
    stopped = planned.runs[2].folder
    (stopped / "metrics.json").unlink()
    (stopped / "half").write_text("x", encoding="utf-8")
    execute(planned, presets, SilentReporter())
    assert made[4:] == [stopped]
    assert (stopped / "half").exists()


def test_a_run_of_another_configuration_is_neither_used_nor_removed(
    planned: Plan, presets: Registry, made: list[Path]
) -> None:
    execute(planned, presets, SilentReporter())
    other = dataclasses.replace(planned.runs[0].config.training, epochs=9, device="auto")
    run = dataclasses.replace(planned.runs[0], config=dataclasses.replace(planned.runs[0].config, training=other))
    with pytest.raises(UsageError, match=r"another configuration \(training.epochs 9 instead of 7\)"):
        is_complete(run)
    assert (run.folder / "metrics.json").is_file()
    (run.folder / "metrics.json").unlink()
    with pytest.raises(UsageError, match="another configuration"):
        execute(dataclasses.replace(planned, runs=(run,)), presets, SilentReporter())
    assert (run.folder / "config.toml").is_file()


def _saw(folder: Path, records: pd.DataFrame) -> None:
    """Leave what a run leaves of its recordings."""
    (folder / "recordings.sha256").write_text(recordings_digest(records) + "\n", encoding="utf-8")


def test_runs_of_other_recordings_are_refused(
    planned: Plan, presets: Registry, made: list[Path], heart_folder: Path, fake_run: Callable[..., None]
) -> None:
    config = planned.runs[0].config
    manifest = load_manifest(config.data, presets, config.dataset_options)
    records = prepare(config, presets, FileRecordings(manifest), SilentReporter()).records
    execute(planned, presets, SilentReporter())
    for run in planned.runs:
        _saw(run.folder, records)
    assert execute(planned, presets, SilentReporter()) == []
    changed = next(heart_folder.rglob("*.wav"))
    samples, rate = soundfile.read(changed)
    soundfile.write(changed, samples[::-1], rate, subtype="FLOAT")
    with pytest.raises(UsageError, match=f"{planned.runs[0].folder} holds a run of other recordings"):
        execute(planned, presets, SilentReporter())
    assert len(made) == 4


def test_runs_that_kept_no_contents_are_compared_by_name_and_label(
    planned: Plan, presets: Registry, made: list[Path], heart_folder: Path
) -> None:
    config = planned.runs[0].config
    manifest = load_manifest(config.data, presets, config.dataset_options)
    found = prepare(config, presets, FileRecordings(manifest), SilentReporter())
    execute(planned, presets, SilentReporter())
    (planned.runs[2].folder / "split.csv").write_text(write_split_file(found.folds, found.records), encoding="utf-8")
    assert execute(planned, presets, SilentReporter()) == []
    assert used_recordings(planned.runs[2].folder) == len(list(heart_folder.rglob("*.wav")))
    next(heart_folder.rglob("*.wav")).unlink()
    with pytest.raises(UsageError, match=f"{planned.runs[2].folder} holds a run of other recordings"):
        execute(planned, presets, SilentReporter())


def test_rows_of_other_models_stay_in_the_table(planned: Plan, presets: Registry, made: list[Path]) -> None:
    execute(planned, presets, SilentReporter())
    request = dataclasses.replace(planned.request, models=("tiny-both",))
    again = with_finished_models(plan(request, presets), presets, SilentReporter())
    assert [run.label for run in again.runs] == [run.label for run in planned.runs]
    (planned.runs[0].folder / "metrics.json").unlink()
    longer = dataclasses.replace(request, training={"epochs": 9})
    notes = Notes()
    kept = with_finished_models(plan(longer, presets), presets, notes)
    assert {run.model for run in kept.runs} == {"tiny-both"}
    assert len(notes.lines) == 1
    assert "training.epochs 9 instead of 7" in notes.lines[0]
    again = with_finished_models(plan(request, presets), presets, SilentReporter())
    assert [run.label for run in again.runs] == ["tiny-both/seed0", "tiny/seed1", "tiny-both/seed1"]


def test_a_split_that_cannot_be_made_is_told_before_anything_runs(
    presets: Registry, make_target: Callable[..., Target], heart_folder: Path, tmp_path: Path, made: list[Path]
) -> None:
    target = make_target(kind="transfer", models={"tiny": ("fuser",)})
    request = TableRequest(
        target=target,
        spec=f"folder:{heart_folder}",
        second=f"folder:{heart_folder}",
        second_split="predefined",
        seeds=(0,),
        out=tmp_path / "out",
    )
    with pytest.raises(DataError, match="needs the column 'split'"):
        execute(plan(request, presets), presets, SilentReporter())
    assert made == []


def test_a_run_that_was_stopped_before_it_wrote_its_configuration_starts_anew(
    planned: Plan, presets: Registry, made: list[Path]
) -> None:
    stopped = planned.runs[0].folder
    stopped.mkdir(parents=True)
    (stopped / ".inprogress-1-config.toml").touch()
    (stopped / ".lock").touch()
    assert execute(planned, presets, SilentReporter()) == []
    assert len(made) == 4


def test_another_device_is_the_same_run(planned: Plan, presets: Registry, made: list[Path]) -> None:
    execute(planned, presets, SilentReporter())
    other = dataclasses.replace(planned.runs[0].config.training, device="cuda")
    config = dataclasses.replace(planned.runs[0].config, training=other)
    assert is_complete(dataclasses.replace(planned.runs[0], config=config))


def test_a_folder_that_is_no_run_is_left_alone(planned: Plan, presets: Registry, made: list[Path]) -> None:
    folder = planned.runs[1].folder
    folder.mkdir(parents=True)
    (folder / "thesis.txt").write_text("x", encoding="utf-8")
    with pytest.raises(UsageError, match="is not empty"):
        execute(planned, presets, SilentReporter())
    assert made == []
    assert (folder / "thesis.txt").is_file()


@pytest.mark.parametrize("kind", [RunError, DataError, ResourceError, PluginError])
def test_a_run_that_fails_is_told_and_the_others_go_on(
    planned: Plan,
    presets: Registry,
    fake_run: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    kind: type[FusionkitError],
) -> None:
    def run(config: Any, *given: Any, out: Path, **named: Any) -> None:
        if out == planned.runs[0].folder:
            raise kind("the loss became NaN")
        fake_run(config, *given, out=out, **named)

    monkeypatch.setattr(module, "run", run)
    assert execute(planned, presets, SilentReporter()) == ["tiny/seed0: the loss became NaN"]
    assert [is_complete(run) for run in planned.runs] == [False, True, True, True]
