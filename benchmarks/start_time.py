"""How long a run takes from its start to the first step of training, with a cold and with a warm cache.

    python -m benchmarks.start_time physionet2016:PATH [--preset audiofuse@published] [--rounds 3]

Each round is a process of its own. Printed are the seconds since that process was started at which each part of the
work was done, and at which training began; the first round fills a cache of its own, in the folder for temporary files.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_CHILD = "--child"


class FirstStep:
    """Notes when things happen, and ends the process after the first step."""

    def __init__(self, started: float) -> None:
        self._started = started
        self._marks: dict[str, float] = {}

    def mark(self, name: str) -> None:
        """Note the time of something that happens for the first time."""
        self._marks.setdefault(name, round(time.time() - self._started, 2))

    def note(self, text: str) -> None:
        """Note a line."""
        self.mark(text.partition(":")[0][:60])

    def progress(self, task: str, done: int, total: int) -> None:
        """Note the end of a task."""
        if done == total:
            self.mark(f"{task}: {total}")

    def training(self, event: object) -> None:  # noqa: ARG002
        """End here."""
        self.mark("first step")
        print(json.dumps(self._marks), flush=True)
        os._exit(0)


def child(spec: str, preset: str, out: Path, started: float) -> None:
    """Run until the first step."""
    steps = FirstStep(started)
    from fusionkit.config.layers import overlay
    from fusionkit.config.presets import preset_tables
    from fusionkit.config.resolve import resolve
    from fusionkit.config.toml import from_tables
    from fusionkit.plugins import build_registry
    from fusionkit.run.run import run
    from fusionkit.training import stage_loop

    epoch = stage_loop.train_epoch
    stage_loop.train_epoch = lambda *all_of_it: (steps.mark("training begins"), epoch(*all_of_it))[1]
    steps.mark("imports")
    registry, _ = build_registry()
    tables = preset_tables(registry, preset)
    tables.pop("repeats", None)
    tables = overlay(tables, {"data": {"spec": spec}, "training": {"device": "cpu"}})
    config = resolve(from_tables(tables, preset), registry, [])
    steps.mark("configuration")
    run(config, registry, out=out, reporter=steps)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("spec")
    parser.add_argument("--preset", default="audiofuse@published")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(_CHILD, nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(arguments.spec, arguments.preset, Path(arguments.child[0]), float(arguments.child[1]))
        return
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"FUSIONKIT_CACHE": str(Path(folder, "cache"))}
        for number in range(arguments.rounds + 1):
            command = [sys.executable, "-m", "benchmarks.start_time", arguments.spec, "--preset", arguments.preset]
            command += [_CHILD, str(Path(folder, str(number))), str(time.time())]
            answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
            print("cold" if number == 0 else f"warm {number}")
            for name, seconds in json.loads(answer.stdout).items():
                print(f"  {seconds:7.2f} s  {name}")


if __name__ == "__main__":
    main()
