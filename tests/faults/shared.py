"""Runs that share a cache or a folder, damaged cache entries, and what dead runs left.

python -m tests.faults.shared --starts 3 --flips 10
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import socket
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from fusionkit.run.lock import NAME as LOCK
from fusionkit.training.atomic_write import UNFINISHED
from tests.faults.launched import Run
from tests.faults.many import many
from tests.faults.scene import SHORT, Scene, differences, scene
from tests.faults.signals import PHASES, at_call
from tests.faults.table import Case, campaign

RUNS = 8
LEFT_OVERS = 50


def cold_starts(here: Scene, whole: dict[str, str], turns: int) -> Case:
    """Start eight runs at once on a cache that holds nothing."""
    case = Case(f"{RUNS} runs start on one cold cache")
    for turn in range(turns):
        cold = here.root / f"cold-{turn}"
        places = [here.root / f"cold-{turn}-{number}" for number in range(RUNS)]
        own = partial(os.environ.update, FUSIONKIT_CACHE=str(cold))
        runs = [Run(here.go(place, *SHORT), place.with_suffix(".log"), own) for place in places]
        for run, place in zip(runs, places, strict=True):
            ended = run.end()
            wrong = differences(place, whole) if ended.code == 0 else f"exit {ended.code}: {ended.last}"
            case.tried(wrong and f"{place.name}: {wrong}")
            shutil.rmtree(place, ignore_errors=True)
        left = [path for path in (cold / "views").iterdir() if path.name.startswith(".")]
        if left:
            case.finds.append(f"left in the cache: {left}")
        shutil.rmtree(cold)
    return case


def two_runs(here: Scene, whole: dict[str, str], turns: int) -> Case:
    """Tell a second run the folder of a first one that is under way."""
    case = Case("a second run on one folder: exit 2, and the first unharmed")
    for turn in range(turns):
        place = here.root / f"two-{turn}"
        first = Run(here.go(place, *SHORT), place.with_suffix(".log"))
        while not (place / "state").is_dir() and not (place / "metrics.json").exists():
            if not Path(f"/proc/{first.pid}").exists():
                break
        for number, arguments in enumerate((here.go(place, *SHORT), (*here.command(*SHORT), "--out", str(place)))):
            late = (
                os.waitid(os.P_PID, first.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
            )  # the first has ended
            second = Run(arguments, here.root / f"two-{turn}-{number}.log").end()
            named = f"process {first.pid} on {socket.gethostname()}" in second.last
            right = second.code == 2 and named
            case.tried("" if right or late else f"{place.name}: exit {second.code}: {second.last}")
        ended = first.end()
        wrong = differences(place, whole) if ended.code == 0 else f"exit {ended.code}: {ended.last}"
        case.tried(wrong and f"{place.name}, the first: {wrong}")
    return case


Damage = Callable[[Path, bytes, random.Random], None]


def damages(flips: int) -> dict[str, Damage]:
    """Return what may happen to a file of a cache."""

    def flip(path: Path, content: bytes, rng: random.Random) -> None:
        changed = bytearray(content)
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
        path.write_bytes(changed)

    def shorten(path: Path, content: bytes, rng: random.Random) -> None:
        path.write_bytes(content[: rng.randrange(len(content))])

    def swap(path: Path, content: bytes, rng: random.Random) -> None:
        """Put a file of another entry, or of another kind, in its place."""
        others = [other for other in path.parents[1].rglob("*") if other.is_file() and other != path]
        path.write_bytes(rng.choice(others).read_bytes() if others else b"{}")

    every: dict[str, Damage] = {f"flip {number}": flip for number in range(flips)}
    return every | {"shorten": shorten, "empty": _empty, "swap": swap}


def _empty(path: Path, content: bytes, rng: random.Random) -> None:
    path.write_bytes(b"")


def damaged(here: Scene, whole: dict[str, str], warm: Path, name: str, damage: str, flips: int, seed: int) -> str:
    """Damage a file of a copy of the cache, run, and return what is wrong."""
    title = f"damaged-{name.replace('/', '-')[:40]}-{damage}"
    copy, place = here.root / f"{title}-cache", here.root / title
    shutil.copytree(warm, copy)
    content = (copy / name).read_bytes()
    damages(flips)[damage](copy / name, content, random.Random(f"{seed} {title}"))
    ended = Run(
        here.go(place, *SHORT), place.with_suffix(".log"), partial(os.environ.update, FUSIONKIT_CACHE=str(copy))
    ).end()
    wrong = differences(place, whole) if ended.code == 0 else f"exit {ended.code}: {ended.last}"
    if not wrong and name.startswith("views") and (copy / name).read_bytes() != content:
        wrong = "it was not mended"
    if not wrong and name.startswith("views") and "computed anew" not in ended.said:
        wrong = "nothing was said"
    for path in (copy, place):
        shutil.rmtree(path, ignore_errors=True)
    return wrong and f"{title}: {wrong}"


def damaged_entries(here: Scene, whole: dict[str, str], arguments: argparse.Namespace) -> list[Case]:
    """Damage every file of the cache in turn."""
    warm = here.root / "cache"
    cases = []
    for kind in sorted(path.name for path in warm.iterdir()):
        names = [str(path.relative_to(warm)) for path in sorted((warm / kind).rglob("*")) if path.is_file()]
        case = Case(f"a damaged file in the cache, {kind} ({len(names)} files)")
        trials = [
            partial(damaged, here, whole, warm, name, damage, arguments.flips, arguments.seed)
            for name in names
            for damage in damages(arguments.flips)
        ]
        for wrong in many(trials, arguments.jobs):
            case.tried(wrong)
        cases.append(case)
    return cases


def left_overs(here: Scene, whole: dict[str, str], turns: int) -> Case:
    """Leave what dead runs leave, and a file of a process that lives."""
    case = Case(f"{LEFT_OVERS} left-overs and a lock of dead processes: swept, with one line")
    for turn in range(turns):
        place = here.root / f"left-{turn}"
        die = partial(os.killpg, 0, signal.SIGKILL)
        Run(here.go(place, *SHORT), place.with_suffix(".log"), partial(at_call, PHASES["a step"], 3, die)).end()
        dead = Run(("--version",), here.root / "version.log")
        dead.end()
        for number in range(LEFT_OVERS):
            path = place / ("state/0" if number % 2 else "checkpoints/best") / f"{UNFINISHED}{dead.pid}-{number}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("{")
        lives = place / f"{UNFINISHED}{os.getpid()}-metrics.json"
        lives.write_text("of one who lives")
        (place / LOCK).write_text(f"{dead.pid} {socket.gethostname()}\n")
        ended = Run(here.go(place, *SHORT), place.with_suffix(".log")).end()
        told = [line for line in ended.said.splitlines() if "were removed" in line]
        expected = f"{place}: {LEFT_OVERS} unfinished files and a lock of processes that have ended were removed"
        wrong = "" if told == [expected] else f"told {told}"
        wrong = wrong or ("" if lives.is_file() else "the file of one who lives is gone")
        lives.unlink(missing_ok=True)
        wrong = wrong or (differences(place, whole) if ended.code == 0 else f"exit {ended.code}: {ended.last}")
        case.tried(wrong and f"{place.name}: {wrong}")
    return case


def changed_recording(here: Scene) -> Case:
    """Change a recording after its views were cached, but neither its size nor its date."""
    case = Case("a recording of the same size and date, changed")
    path = next((here.root / "recordings" / "low").glob("*.wav"))
    stamp, content = path.stat(), bytearray(path.read_bytes())
    content[-400:] = content[-800:-400]
    path.write_bytes(content)
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    places = [here.root / "changed-warm", here.root / "changed-cold"]
    for place in places:
        cache = here.root / ("cache" if place.name.endswith("warm") else "changed-cache")
        Run(
            here.go(place, *SHORT), place.with_suffix(".log"), partial(os.environ.update, FUSIONKIT_CACHE=str(cache))
        ).end()
    same = [(place / "predictions.csv").read_bytes() for place in places]
    case.tried("" if same[0] == same[1] else "the cached views of the old content were used")
    if same[0] == (here.root / "whole" / "predictions.csv").read_bytes():
        case.finds.append("the change has no effect, so that nothing is shown")
    return case


def shared_campaign(arguments: argparse.Namespace) -> list[Case]:
    """Run the campaign."""
    with scene() as here:
        whole = here.whole(*SHORT)
        return [
            cold_starts(here, whole, arguments.starts),
            two_runs(here, whole, arguments.starts),
            *damaged_entries(here, whole, arguments),
            left_overs(here, whole, arguments.starts),
            changed_recording(here),
        ]


if __name__ == "__main__":
    sys.exit(campaign(shared_campaign, str(__doc__), starts=3, flips=10, jobs=2))
