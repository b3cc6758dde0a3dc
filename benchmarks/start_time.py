"""How long ``fusionkit run`` takes from its start to the first step of training, with a cold and with a warm cache.

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
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fusionkit.training.progress import EpochDone, StepDone

_CHILD = "--child"


def child(spec: str, preset: str, out: Path, started: float) -> None:
    """Carry out the command until the first step, and note when things happen for the first time."""
    from fusionkit.cli.main import main as command_line
    from fusionkit.cli.run_command import run_command

    callback = run_command.callback
    assert callback is not None

    def watched(*given: Any, **named: Any) -> None:
        watch(started)
        callback(*given, **named)

    run_command.callback = watched
    flags = {"--preset": preset, "--data": spec, "--device": "cpu", "--seed": "0", "--out": str(out)}
    sys.argv = ["fusionkit", "run", *(text for pair in flags.items() for text in pair)]
    command_line()


def watch(started: float) -> None:
    """Have the parts of a run note when they are done, and end the process after the first step."""
    marks: dict[str, float] = {}

    def mark(name: str) -> None:
        marks.setdefault(name, round(time.time() - started, 2))

    mark("command line")
    from fusionkit.cli import run_output
    from fusionkit.cli.terminal import TerminalReporter
    from fusionkit.training import stage_loop
    from fusionkit.training.epochs import train_epoch

    mark("imports")

    class Watched(TerminalReporter):
        def note(self, text: str) -> None:
            super().note(text)
            mark(text.partition(":")[0][:60])

        def progress(self, task: str, done: int, total: int) -> None:
            super().progress(task, done, total)
            if done == total:
                mark(f"{task}: {total}")

        def training(self, event: StepDone | EpochDone) -> None:
            super().training(event)
            mark("first step")
            print(json.dumps(marks), flush=True)
            os._exit(0)

    def first_epoch(*given: Any) -> float:
        mark("training begins")
        return train_epoch(*given)

    vars(stage_loop)["train_epoch"] = first_epoch
    vars(run_output)["TerminalReporter"] = Watched


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
