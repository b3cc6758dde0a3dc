"""Kill runs with SIGKILL at random moments until they are done, and compare them with one that nobody disturbed.

python -m tests.faults.kill --runs 200 --minutes 20
"""

from __future__ import annotations

import argparse
import random
import shutil
import signal
import sys
import time
from functools import partial

from tests.faults.launched import Run
from tests.faults.many import many
from tests.faults.scene import STEPS, Scene, differences, scene
from tests.faults.table import Case, campaign

ONE_EPOCH = ("--epochs", "1", "--batch-size", "1", "--checkpoint-every", "1", "--duration", "0.1", "--window", "hop")
"""160 windows to learn from in the one epoch of each of three stages, and a state a step."""
OFTEN = 10


def killed(scene: Scene, settings: tuple[str, ...], whole: dict[str, str], kills: int, span: float, seed: int) -> str:
    """Kill a run so many times, each within a span (s) of its start, and return what is wrong at the end.

    The first line tells how many kills found it alive.
    """
    rng = random.Random(seed)
    place = scene.root / f"killed-{settings[1]}-{seed}"
    struck = 0
    while True:
        run = Run(scene.go(place, *settings), place.with_suffix(".log"))
        if struck < kills:
            time.sleep(rng.uniform(0, span))
            run.send(signal.SIGKILL)
        ended = run.end()
        if ended.code != -signal.SIGKILL or struck == kills:
            break
        struck += 1
    wrong = differences(place, whole) if ended.code == 0 else f"exit {ended.code}: {ended.last}"
    if not wrong:
        shutil.rmtree(place)
    return f"{struck}\n{f'{place.name} after {struck} kills: {wrong}' if wrong else ''}"


def kill_campaign(arguments: argparse.Namespace) -> list[Case]:
    """Run the campaign."""
    rng = random.Random(arguments.seed)
    cases = []
    with scene() as here:
        for name, settings, runs in (("a run", STEPS, arguments.runs), ("one epoch", ONE_EPOCH, arguments.often)):
            if not runs:
                continue
            begun = time.monotonic()
            whole = here.whole(*settings, name=f"whole-{settings[1]}")
            span = time.monotonic() - begun
            trials = [
                partial(killed, here, settings, whole, kills, span / 2, arguments.seed * 10**6 + number)
                for number, kills in enumerate(rng.randint(1, 10) if name == "a run" else OFTEN for _ in range(runs))
            ]
            case, total = Case(name), 0
            for answer in many(trials, arguments.jobs, 60.0 * arguments.minutes):
                struck, _, wrong = answer.partition("\n")
                total += int(struck) if struck.isdecimal() else 0
                case.tried(wrong if struck.isdecimal() else answer)
            case.name = f"SIGKILL within {name}, {total} kills in all"
            cases.append(case)
    return cases


if __name__ == "__main__":
    sys.exit(campaign(kill_campaign, str(__doc__), runs=200, often=20, jobs=2, minutes=60))
