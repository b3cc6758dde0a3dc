"""Stop runs by signals in every phase, and go on with them.

    python -m tests.faults.signals --turns 10

The signal is sent by the run to itself in the middle of a phase; what comes after it comes from outside.
"""

from __future__ import annotations

import argparse
import importlib
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from tests.faults.launched import Run
from tests.faults.many import many
from tests.faults.scene import SHORT, Scene, differences, scene, stopped_line, write_recordings
from tests.faults.table import Case, campaign

PHASES = {
    "a step": "torch.autograd.backward",
    "validation": "fusionkit.training.stage_loop.validate",
    "a save": "safetensors.torch.save",
    "views": "fusionkit.data.cache_entry.write_block",
    "the report": "fusionkit.report.html_report.html_report",
}
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)
SOON = 10.0  # s from a signal to the end
SLOW = 0.7  # s that an fsync takes when a kill is to fall into a save
WORKERS = 4


def at_call(name: str, number: int, act: Callable[[], None]) -> None:
    """Do something at the n-th call of a function, before it."""
    module, _, function = name.rpartition(".")
    home = importlib.import_module(module)
    whole, made = getattr(home, function), [0]

    def call(*given: Any, **named: Any) -> Any:
        made[0] += 1
        if made[0] == number:
            act()
        return whole(*given, **named)

    setattr(home, function, call)


def stopped(here: Scene, whole: dict[str, str], phase: str, number: signal.Signals, turn: int) -> str:
    """Stop a run in a phase, go on with it, and return what is wrong."""
    place = here.root / f"{phase} {number.name} {turn}"
    sent = here.root / f"{place.name}.sent"
    cold = here.root / f"{place.name} cache"

    def act() -> None:
        sent.write_text(repr(time.monotonic()))
        os.kill(os.getpid(), number)

    def disturbed() -> None:
        if phase == "views":
            os.environ["FUSIONKIT_CACHE"] = str(cold)
        at_call(PHASES[phase], turn + 1, act)

    ended = Run(here.go(place, *SHORT), place.with_suffix(".log"), disturbed).end()
    took = ended.at - float(sent.read_text()) if sent.exists() else 0.0
    if not sent.exists():
        return f"{place.name}: the phase was not reached"
    if ended.code != 75 or ended.last != stopped_line(place) or not ended.clean:
        return f"{place.name}: exit {ended.code}: {ended.last}"
    if took > SOON:
        return f"{place.name}: {took:.1f} s"
    again = Run(here.go(place, *SHORT), place.with_suffix(".log")).end()
    wrong = differences(place, whole) if again.code == 0 else f"then exit {again.code}: {again.last}"
    for path in (place, cold):
        shutil.rmtree(path, ignore_errors=True)
    return wrong and f"{place.name}: {wrong}"


def ended_in_a_save(here: Scene, whole: dict[str, str], turn: int) -> str:
    """Send SIGTERM in a save that takes long and SIGKILL 2 s later, go on, and return what is wrong."""
    place, sent = here.root / f"term-kill-{turn}", here.root / f"term-kill-{turn}.sent"

    def act() -> None:
        flush = os.fsync

        def slow(file: Any) -> None:
            time.sleep(SLOW)
            flush(file)

        os.fsync = slow  # type: ignore[assignment]
        sent.touch()
        os.kill(os.getpid(), signal.SIGTERM)

    run = Run(here.go(place, *SHORT), place.with_suffix(".log"), partial(at_call, PHASES["a save"], turn % 12 + 1, act))
    latest = time.monotonic() + 60
    while not sent.exists() and time.monotonic() < latest:
        time.sleep(0.01)
    time.sleep(2.0)
    run.send(signal.SIGKILL)
    ended = run.end()
    if ended.code not in (-signal.SIGKILL, 75):
        return f"{place.name}: exit {ended.code}: {ended.last}"
    again = Run(here.go(place, *SHORT), place.with_suffix(".log")).end()
    wrong = differences(place, whole) if again.code == 0 else f"then exit {again.code}: {again.last}"
    return wrong and f"{place.name}: {wrong}"


def twice(here: Scene, whole: dict[str, str], seed: int) -> str:
    """Press Ctrl-C twice while four processes compute views; return what is wrong, orphans above all."""
    rng = random.Random(seed)
    place, cold = here.root / f"twice-{seed}", here.root / f"twice-{seed} cache"

    def disturbed() -> None:
        os.environ["FUSIONKIT_CACHE"] = str(cold)
        parallel: Any = importlib.import_module("fusionkit.data.parallel_blocks")
        cache: Any = importlib.import_module("fusionkit.data.view_cache")
        parallel._WORTH = parallel._TRIED = 0.0
        cache.default_workers, cache.BLOCK = lambda: WORKERS, 1
        write = parallel.write_block

        def slow(*given: Any) -> Any:
            time.sleep(3.0)  # so that the others, who are started afresh, are at work, or on their way
            return write(*given)

        parallel.write_block = slow

    run = Run(here.go(place, *SHORT), place.with_suffix(".log"), disturbed)
    latest = time.monotonic() + 60
    while len(_members(run.pid)) < WORKERS and time.monotonic() < latest:
        time.sleep(0.01)
    if len(_members(run.pid)) < WORKERS:
        run.send(signal.SIGKILL)
        return f"{place.name}: no workers: {run.end().last}"
    time.sleep(rng.uniform(0, 4.0))
    run.send(signal.SIGINT)
    time.sleep(rng.uniform(0, 0.3))
    run.send(signal.SIGINT)
    ended = run.end()
    latest = time.monotonic() + SOON
    while (left := _members(run.pid)) and time.monotonic() < latest:
        time.sleep(0.05)
    if left:
        run.send(signal.SIGKILL)
        return f"{place.name}: {len(left)} orphans"
    if ended.code not in (75, 130) or not ended.clean:
        return f"{place.name}: exit {ended.code}: {ended.said[-300:]!r}"
    again = Run(here.go(place, *SHORT), place.with_suffix(".log"), lambda: os.environ.update(FUSIONKIT_CACHE=str(cold)))
    then = again.end()
    wrong = differences(place, whole) if then.code == 0 else f"then exit {then.code}: {then.last}"
    return wrong and f"{place.name}: {wrong}"


def _members(group: int) -> list[int]:
    """Return the processes of a group that live."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


def signals_campaign(arguments: argparse.Namespace) -> list[Case]:
    """Run the campaign."""
    cases = []
    with scene() as here:
        whole = here.whole(*SHORT)
        for phase in PHASES:
            turns = range(1 if phase in ("views", "the report") else arguments.turns)
            trials = [partial(stopped, here, whole, phase, number, turn) for number in SIGNALS for turn in turns]
            cases.append(_tried(f"SIGTERM, SIGINT, SIGUSR1 in {phase}: exit 75 within 10 s", trials, arguments.jobs))
        late = [partial(ended_in_a_save, here, whole, turn) for turn in range(arguments.turns)]
        cases.append(_tried("SIGTERM in a save, SIGKILL 2 s later", late, arguments.jobs))
        write_recordings(here.root / "recordings", 48)
        whole = here.whole(*SHORT, name="more")
        presses = [partial(twice, here, whole, arguments.seed + turn) for turn in range(arguments.turns)]
        cases.append(_tried("Ctrl-C twice while 4 processes compute views: no orphan", presses, 1))
    return cases


def _tried(name: str, trials: list[Any], jobs: int) -> Case:
    case = Case(name)
    for wrong in many(trials, jobs):
        case.tried(wrong)
    return case


if __name__ == "__main__":
    sys.exit(campaign(signals_campaign, str(__doc__), turns=10, jobs=2))
