from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fusionkit.errors import FusionkitError, PluginError, ResourceError, RunError, UsageError
from fusionkit.registry import Registry
from fusionkit.reproduce import execute as module
from fusionkit.reproduce.execute import execute, is_complete
from fusionkit.reproduce.plan import Plan, TableRequest, plan
from fusionkit.reproduce.targets import Target
from fusionkit.run.reporter import SilentReporter


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

    monkeypatch.setattr(module, "run", run)
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


def test_a_run_that_was_stopped_starts_anew(planned: Plan, presets: Registry, made: list[Path]) -> None:
    execute(planned, presets, SilentReporter())
    stopped = planned.runs[2].folder
    (stopped / "metrics.json").unlink()
    (stopped / "half").write_text("x", encoding="utf-8")
    notes = Notes()
    execute(planned, presets, notes)
    assert made[4:] == [stopped]
    assert not (stopped / "half").exists()
    assert any("was stopped" in line for line in notes.lines)


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


def test_a_run_that_was_stopped_before_it_wrote_its_configuration_starts_anew(
    planned: Plan, presets: Registry, made: list[Path]
) -> None:
    stopped = planned.runs[0].folder
    stopped.mkdir(parents=True)
    (stopped / "config.toml").touch()
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
    with pytest.raises(UsageError, match="is no run folder"):
        execute(planned, presets, SilentReporter())
    assert made == []
    assert (folder / "thesis.txt").is_file()


@pytest.mark.parametrize("kind", [RunError, ResourceError, PluginError])
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
