"""Disks that are full, read-only or badly named.

    python -m tests.faults.full_disk --turns 10

Small disks are made in memory where this may be mounted; elsewhere those cases are left out, and the table says so.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tests.faults.launched import Run
from tests.faults.scene import SHORT, STEPS, Scene, differences, scene
from tests.faults.table import Case, campaign

NO_MOUNT = "not tried: nothing may be mounted here"
CACHE_SIZES = (0, 4, 16, 48, 64, 256)
"""Room for a cache that needs 110 kB, in kB; 0 is a disk without room for names."""
NAMES = (
    "a place with spaces",
    "Herztöne-心音",
    "x" * 255,
    'it\'s "quoted"',
    "-o",
    "$HOME;ls",
    "line\nbreak",
    "%s{0}[red]",
)


@contextlib.contextmanager
def disk(options: str) -> Iterator[Path | None]:
    """Mount a disk in memory; None where that is not permitted."""
    with tempfile.TemporaryDirectory(prefix="faults-disk-") as place:
        mount = shutil.which("mount")
        command = [str(mount), "-t", "tmpfs", "-o", options, "tmpfs", place]
        if mount is None or subprocess.run(command, capture_output=True, check=False).returncode:
            yield None
            return
        try:
            yield Path(place)
        finally:
            subprocess.run(["umount", "--lazy", place], check=True)


def full_cache(here: Scene, whole: dict[str, str]) -> Case:
    """Let the cache fill its disk."""
    case = Case("a cache on a full disk: one warning, the same result")
    for size in CACHE_SIZES:
        with disk(f"size={size}k,nr_inodes={5 if size == 0 else 100}") as place:
            if place is None:
                case.skipped = NO_MOUNT
                return case
            run = here.root / f"cache-{size}"
            log = run.with_suffix(".log")
            ended = Run(here.go(run, *SHORT), log, partial(os.environ.update, FUSIONKIT_CACHE=str(place))).end()
            wrong = differences(run, whole) if ended.code == 0 else f"exit {ended.code}: {ended.last}"
            told = ended.said.count("cannot be written")
            full = size < 256
            case.tried(f"{size} kB: {wrong}" if wrong else "" if told == full else f"{size} kB: told {told} times")
    return case


def full_output(here: Scene, whole: dict[str, str], turns: int, seed: int) -> Case:
    """Fill the disk of the run folder at a random moment of a run; make room again; go on."""
    case = Case("a disk that is full in a run: exit 6, and it goes on to the same result")
    rng = random.Random(seed)
    full = 0
    for turn in range(turns):
        with disk("size=20m") as place:
            if place is None:
                case.skipped = NO_MOUNT
                return case
            run, log = place / "run", here.root / f"full-{turn}.log"
            running = Run(here.go(run, *STEPS), log)
            time.sleep(rng.uniform(0.2, 6))
            with contextlib.suppress(OSError), (place / "ballast").open("wb") as file:
                for block in (1 << 20, 1 << 12, 1):
                    with contextlib.suppress(OSError):
                        while True:
                            file.write(bytes(block))
                            file.flush()
            ended = running.end()
            wrong = "" if ended.code in (0, 6) and ended.clean else f"exit {ended.code}: {ended.last}"
            if ended.code == 6:
                full += 1
                begun = (run / "split.csv").is_file()
                resumable = not begun or f"fusionkit run --resume {run}" in ended.last
                wrong = "" if resumable and str(place) in ended.last else f"told: {ended.last}"
            (place / "ballast").unlink()
            again = Run(here.go(run, *STEPS), log).end()
            wrong = wrong or (differences(run, whole) if again.code == 0 else f"then exit {again.code}: {again.last}")
            case.tried(wrong and f"turn {turn}: {wrong}")
    case.name += f" ({full} met it)"
    return case


def refused(here: Scene) -> Case:
    """Name folders that cannot be written, or have no room; nothing may be read or trained first."""
    case = Case("a read-only or too small disk for the run: exit 6 before training")
    for options in ("ro", "size=64k", "nr_inodes=2"):
        with disk(options) as place:
            if place is None:
                case.skipped = NO_MOUNT
                return case
            ended = Run(here.go(place / "run", *SHORT), here.root / "refused.log").end()
            early = "epoch" not in ended.said and str(place) in ended.last
            left = [path for path in place.rglob("*") if not path.is_dir()]  # an empty folder is in nobody's way
            right = ended.code == 6 and early and ended.clean and not left
            case.tried("" if right else f"{options}: exit {ended.code}: {ended.last}; left {left}")
    return case


def odd_places(here: Scene, whole: dict[str, str]) -> Case:
    """Name run folders oddly, and have no home."""
    case = Case("run folders with odd names, and no HOME")
    for name in NAMES:
        run = here.root / "odd" / name
        ended = Run(here.go(run, *SHORT), here.root / "odd.log").end()
        wrong = differences(run, whole) if ended.code == 0 else f"exit {ended.code}: {ended.last}"
        case.tried(wrong and f"{name[:20]!r}: {wrong}")
    long = str(here.root / "odd" / ("y" * 256))
    ended = Run((*here.command(*SHORT), "--out", long), here.root / "odd.log").end()
    case.tried("" if ended.code == 6 and "epoch" not in ended.said else f"256 bytes: exit {ended.code}: {ended.last}")

    def homeless() -> None:
        for name in ("HOME", "FUSIONKIT_CACHE", "XDG_CACHE_HOME"):
            os.environ.pop(name, None)

    run = here.root / "homeless"
    ended = Run(here.go(run, *SHORT), here.root / "odd.log", homeless).end()
    wrong = differences(run, whole) if ended.code == 0 else f"exit {ended.code}: {ended.last}"
    case.tried(wrong and f"no HOME: {wrong}")
    return case


def full_disk(arguments: argparse.Namespace) -> list[Case]:
    """Run the campaign."""
    with scene() as here:
        whole = here.whole(*SHORT)
        longer = here.whole(*STEPS, name="longer")
        return [
            full_cache(here, whole),
            full_output(here, longer, arguments.turns, arguments.seed),
            refused(here),
            odd_places(here, whole),
        ]


if __name__ == "__main__":
    sys.exit(campaign(full_disk, str(__doc__), turns=10))
