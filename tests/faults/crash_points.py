"""A kill, or an error of the disk, at every call that changes a file: of a save, and of a whole run.

    python -m tests.faults.crash_points --runs 60

Every number of the call is tried for saves; of the calls of a whole run, a sample of so many a fault.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from fusionkit.errors import ResourceError
from fusionkit.run.left_overs import sweep
from fusionkit.training.atomic_write import UNFINISHED
from tests.faults.launched import Run
from tests.faults.many import many
from tests.faults.saves import Kept, Model, States, Table, silent
from tests.faults.scene import SHORT, Scene, differences, scene
from tests.faults.shim import FAULTS, KILL, Counter, arm, with_shim
from tests.faults.table import Case, campaign

FULL = "full until freed"
CALLS = 10_000  # more than any save makes


def struck_save(make: Callable[[Path], Kept], root: Path, at: int, fault: int, lasting: bool) -> tuple[str, bool]:
    """Strike the third save at a call; return what is wrong after it, and whether the save made so many calls."""
    folder, counter = root / "kept", Counter()
    kept = make(folder)
    for number in (1, 2):
        kept.save(number)
    child = os.fork()
    if child == 0:
        os.setsid()
        arm(folder, at, fault, counter, lasting=lasting)
        try:
            kept.save(3)
        except ResourceError as error:
            os._exit(6 if str(folder) in str(error) and "bytes" in str(error) else 98)
        except BaseException:
            os._exit(99)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    reached = counter.value >= at
    try:
        found = make(folder).read()
        if code not in ((-signal.SIGKILL,) if reached and fault == KILL else (0, 6)):
            return f"exit {code}", reached
        if found != 3 and (found != 2 or code == 0):
            return f"save {found} is read, exit {code}", reached
        kept.save(4)
        if kept.read() != 4:
            return "the next save is not read", reached
        sweep(root, silent, lock=False)
        if not kept.whole() or any(root.rglob(f"{UNFINISHED}*")):
            return f"left over: {sorted(path.name for path in root.rglob('*'))}", reached
    except Exception as error:
        return f"{type(error).__name__}: {error}", reached
    finally:
        shutil.rmtree(root)
    return "", reached


def saves(root: Path) -> list[Case]:
    """Strike saves at every call."""
    cases = []
    for make in (States, Model, Table):
        for name, fault in {**FAULTS, f"ENOSPC, {FULL}": FAULTS["ENOSPC"]}.items():
            case = Case(f"{name} at each call of {make.name}", exhaustive=True)
            for at in range(1, CALLS):
                wrong, reached = struck_save(make, root / "save", at, fault, FULL in name)
                if not reached:
                    break
                case.tried(wrong and f"call {at}: {wrong}")
            cases.append(case)
    return cases


def struck_run(here: Scene, whole: dict[str, str], at: int, name: str, fault: int) -> str:
    """Strike a run at a call in its folder, do what it says, and return what is wrong at the end."""
    place = here.root / f"struck-{name}-{at}".replace(" ", "-")
    counter = Counter()
    disturbed = partial(arm, place, at, fault, counter, lasting=FULL in name)
    ended = Run(here.go(place, *SHORT), place.with_suffix(".log"), disturbed).end()
    told = "" if ended.clean else "a traceback"
    if ended.code not in ((-signal.SIGKILL,) if fault == KILL else (0, 6)):
        told = f"exit {ended.code}: {ended.last}"
    if ended.code == 6 and str(place) not in ended.last:
        told = f"no path in: {ended.last}"
    again = Run(here.go(place, *SHORT), place.with_suffix(".log")).end()
    wrong = told or (differences(place, whole) if again.code == 0 else f"then exit {again.code}: {again.last}")
    if not wrong:
        shutil.rmtree(place)
    return wrong and f"call {at}: {wrong}"


def runs(arguments: argparse.Namespace) -> list[Case]:
    """Strike runs at a sample of their calls."""
    cases: list[Case] = []
    rng = random.Random(arguments.seed)
    with scene() as here:
        counter, place = Counter(), here.root / "whole"
        here.whole(*SHORT, name="warm")
        Run(here.go(place, *SHORT), here.root / "log", partial(arm, place, 0, KILL, counter)).end()
        whole = here.whole(*SHORT, name="warm")
        for name, fault in {"SIGKILL": KILL, f"ENOSPC, {FULL}": FAULTS["ENOSPC"], "EIO": FAULTS["EIO"]}.items():
            chosen = rng.sample(range(1, counter.value + 1), min(arguments.runs, counter.value))
            trials = [partial(struck_run, here, whole, at, name, fault) for at in sorted(chosen)]
            case = Case(f"{name} at a call of a run ({counter.value} calls), resumed")
            for wrong in many(trials, arguments.jobs, 60.0 * arguments.minutes):
                case.tried(wrong)
            cases.append(case)
    return cases


def crash_points(arguments: argparse.Namespace) -> list[Case]:
    """Run the campaign."""
    with scene() as here:
        found = saves(here.root)
    return found + (runs(arguments) if arguments.runs else [])


if __name__ == "__main__":
    with_shim("tests.faults.crash_points")
    sys.exit(campaign(crash_points, str(__doc__), runs=60, jobs=2, minutes=10))
