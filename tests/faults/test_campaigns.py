"""The quick parts of what `make faults` runs, and whether a campaign would notice."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.signals import PHASES
from tests.faults.table import Case, table

ROOT = Path(__file__).parents[2]
QUICK = {"crash_points": ("--runs", "0"), "strangers": ("--flips", "20", "--mutants", "40")}
WITHOUT_FSYNC_AND_RENAME = """
import sys
from pathlib import Path
from fusionkit.training import checkpoint
from tests.faults.crash_points import saves
checkpoint.write_whole = lambda path, payload: path.write_bytes(payload) and None
found = saves(Path(sys.argv[1]))
print(sum(len(case.finds) for case in found if "SIGKILL" in case.name and "model" in case.name))
"""


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", PHASES.values())
def test_phases_are_functions_that_exist(name: str) -> None:
    module, _, function = name.rpartition(".")
    assert callable(getattr(importlib.import_module(module), function))


@pytest.mark.slow
@pytest.mark.parametrize("name", QUICK)
def test_a_campaign_finds_nothing(name: str) -> None:
    done = python("-m", f"tests.faults.{name}", *QUICK[name])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "  0  " in done.stdout


@pytest.mark.slow
def test_crash_points_find_a_save_in_place(tmp_path: Path) -> None:
    done = python("-W", "ignore", "-c", WITHOUT_FSYNC_AND_RENAME, str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0


def test_the_table_bounds_what_never_failed() -> None:
    never, often, each = Case("never", 300), Case("often", 2), Case("each", 5, exhaustive=True)
    often.tried("call 3: lost")
    lines = table([never, often, each, Case("left out", skipped="no disk")]).splitlines()
    assert lines[1].split() == ["never", "300", "0", "1.00%"]
    assert lines[2].split() == ["often", "3", "1", "-"]
    assert lines[3].split() == ["each", "5", "0", "all", "tried"]
    assert lines[4].split() == ["left", "out", "0", "0", "no", "disk"]
    assert lines[5] == "often: call 3: lost"
