"""Making the runs of a table that are missing."""

from __future__ import annotations

import time
from pathlib import Path

from fusionkit.config.run_config import RunConfig
from fusionkit.config.toml import parse
from fusionkit.errors import DataError, FusionkitError, PluginError, ResourceError, RunError, UsageError
from fusionkit.registry import Registry
from fusionkit.reproduce.changes import changes
from fusionkit.reproduce.check_data import check_data
from fusionkit.reproduce.plan import Plan, PlannedRun
from fusionkit.run.reporter import Reporter
from fusionkit.run.run import resume, run
from fusionkit.run.run_folder import COMPLETE, CONFIG, check_place
from fusionkit.training.safekeeping import Safekeeping


def execute(plan: Plan, registry: Registry, reporter: Reporter, keep: Safekeeping | None = None) -> list[str]:
    """Make the runs that are missing, one after the other, and return a line for each that failed.

    A complete run of the same configuration is kept, and one that was stopped goes on.

    Raises
    ------
    UsageError
        If a folder holds a run of another configuration or of other recordings, or something that is no run.
    DataError
        If data or a split cannot be used. Nothing has been trained in either case.
    """
    missing = [planned for planned in plan.runs if not is_complete(planned)]
    if len(missing) < len(plan.runs):
        reporter.note(f"{len(plan.runs) - len(missing)} of {len(plan.runs)} runs are there already")
    check_data(plan.runs, registry, reporter)  # told now what would fail after hours
    failures: list[str] = []
    start, done = time.monotonic(), 0
    for number, planned in enumerate(missing):
        left = (time.monotonic() - start) / done * (len(missing) - number) if done else None
        estimate = "" if left is None else f", about {_duration(left)} left"
        reporter.note(f"run {number + 1} of {len(missing)}: {planned.label}{estimate}")
        try:
            if planned.base is not None and not (planned.base / COMPLETE).is_file():
                raise RunError(f"{planned.base} is incomplete, so that nothing can start from it")
            if _has_begun(planned.folder):
                resume(planned.folder, registry, config=planned.config, reporter=reporter, keep=keep)
            else:
                run(planned.config, registry, out=planned.folder, reporter=reporter, keep=keep)
            done += 1
        except (RunError, DataError, ResourceError, PluginError) as error:
            failures.append(f"{planned.label}: {error.message}")
            reporter.note(f"failed: {failures[-1]}")
    return failures


def is_complete(planned: PlannedRun) -> bool:
    """Return whether a run is there; False where its folder is absent or was left by the same run when stopped.

    Raises
    ------
    UsageError
        If something else is there, a run of another configuration too, complete or not.
    """
    folder = planned.folder
    if not _has_begun(folder):
        check_place(folder)
        return False
    complete = (folder / COMPLETE).is_file()
    differing = changes(_saved_config(folder), planned.config)
    if differing:
        raise UsageError(
            f"{folder} holds a run of another configuration ({'; '.join(differing[:3])}); name another with --out"
        )
    return complete


def _has_begun(folder: Path) -> bool:
    return (folder / CONFIG).is_file()


def _saved_config(folder: Path) -> RunConfig:
    path = folder / CONFIG
    try:
        return parse(path.read_text(encoding="utf-8"), str(path))
    except (FusionkitError, OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}; remove the folder or name another with --out") from error


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
