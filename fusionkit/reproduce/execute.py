"""Making the runs of a table that are missing."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any

from fusionkit.config.run_config import RunConfig
from fusionkit.config.toml import parse
from fusionkit.data.load import load_manifest
from fusionkit.errors import FusionkitError, IntegrityError, PluginError, ResourceError, RunError, UsageError
from fusionkit.registry import Registry
from fusionkit.reproduce.differences import changes
from fusionkit.reproduce.plan import Plan, PlannedRun
from fusionkit.run.reporter import Reporter
from fusionkit.run.run import run

COMPLETE = "metrics.json"
"""A run writes it when all figures are known."""


def execute(plan: Plan, registry: Registry, reporter: Reporter) -> list[str]:
    """Make the runs that are missing, one after the other, and return a line for each that failed.

    A complete run of the same configuration is kept; what a run that was stopped left is removed, and it starts anew.

    Raises
    ------
    UsageError
        If a folder holds a run of another configuration, or something that is no run; nothing has been trained then.
    """
    missing = [planned for planned in plan.runs if not is_complete(planned)]
    if len(missing) < len(plan.runs):
        reporter.note(f"{len(plan.runs) - len(missing)} of {len(plan.runs)} runs are there already")
    for config in {planned.config.data.spec: planned.config for planned in missing}.values():
        load_manifest(config.data, registry, config.dataset_options)  # told now what would fail after hours
    failures: list[str] = []
    start, done = time.monotonic(), 0
    for number, planned in enumerate(missing):
        left = (time.monotonic() - start) / done * (len(missing) - number) if done else None
        estimate = "" if left is None else f", about {_duration(left)} left"
        reporter.note(f"run {number + 1} of {len(missing)}: {planned.label}{estimate}")
        if planned.folder.exists():
            reporter.note(f"{planned.folder} holds a run that was stopped; it starts anew")
            shutil.rmtree(planned.folder)
        try:
            if planned.base is not None and not (planned.base / COMPLETE).is_file():
                raise RunError(f"{planned.base} is incomplete, so that nothing can start from it")
            run(planned.config, registry, out=planned.folder, reporter=reporter)
            done += 1
        except (RunError, ResourceError, PluginError) as error:
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
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return False
    if not (folder / "config.toml").is_file():
        raise UsageError(f"{folder} is no run folder; name another folder with --out")
    complete = (folder / COMPLETE).is_file()
    if not complete and (folder / "config.toml").stat().st_size == 0:
        return False  # stopped before it wrote what it is
    differing = changes(_saved_config(folder), planned.config)
    if differing:
        raise UsageError(
            f"{folder} holds a run of another configuration ({'; '.join(differing[:3])}); name another with --out"
        )
    return complete


def summary(folder: Path) -> dict[str, Any]:
    """Return the summary of a run.

    Raises
    ------
    IntegrityError
        If it cannot be read.
    """
    try:
        found: dict[str, Any] = json.loads((folder / COMPLETE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise IntegrityError(f"{folder / COMPLETE} cannot be read: {error}; remove the folder to run anew") from error
    return found


def _saved_config(folder: Path) -> RunConfig:
    path = folder / "config.toml"
    try:
        return parse(path.read_text(encoding="utf-8"), str(path))
    except (FusionkitError, OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}; remove the folder or name another with --out") from error


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
