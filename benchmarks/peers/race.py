"""A race: contenders in processes of their own take turns, so that all of them meet the same machine."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[2]
PEERS_PYTHON = ROOT / ".venv-bench" / "bin" / "python"


def command(module: str, *arguments: object) -> list[str]:
    """Return the command that runs a contender; one of Keras runs in the environment of the peers."""
    python = Path(sys.executable)
    if module.startswith("keras"):
        python = PEERS_PYTHON
        if not python.exists():
            raise SystemExit(f"{python} is missing: Keras is not installed for the benchmarks; run make bench once")
    return [str(python), "-m", f"benchmarks.peers.{module}", *map(str, arguments)]


def environment(threads: int) -> dict[str, str]:
    """Return the environment in which every contender has the same number of threads."""
    counts = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    return os.environ | {name: str(threads) for name in counts} | quiet


class Contender:
    """A program that works step by step when it is told.

    Parameters
    ----------
    name : str
        Its name in the tables.
    arguments : sequence of str
        The command; the program uses a `Pacer`.
    threads : int
        Threads that it may use.
    """

    def __init__(self, name: str, arguments: Sequence[str], threads: int) -> None:
        self.name = name
        self.rounds: list[float] = []
        self._log: IO[str] = tempfile.TemporaryFile("w+")  # noqa: SIM115 - lives as long as the process
        self._process = subprocess.Popen(
            list(arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            cwd=ROOT,
            env=environment(threads),
        )
        self.facts: dict[str, Any] = self._answer()

    def close(self) -> None:
        """End it."""
        self._process.communicate()
        self._log.close()

    def work(self, steps: int) -> list[float]:
        """Let it do some steps and return the seconds of each."""
        assert self._process.stdin is not None
        print(steps, file=self._process.stdin, flush=True)
        seconds: list[float] = self._answer()
        return seconds

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._log.seek(0)
            raise RuntimeError(f"{self.name} ended:\n{self._log.read()[-4000:]}")
        return json.loads(line)


def race(
    commands: Mapping[str, Sequence[str]], *, rounds: int, steps: int, threads: int, warm_up: int = 2
) -> dict[str, Contender]:
    """Let contenders take turns.

    Parameters
    ----------
    commands : mapping of str to sequence of str
        The contenders by name.
    rounds : int
        Turns of each; every other round in reverse order.
    steps : int
        Steps a turn; the seconds of a round are their median.
    threads : int
        Threads of each.
    warm_up : int
        Steps that are not counted.

    Returns
    -------
    dict of str to Contender
        What each needed, in ``rounds``, and said of itself, in ``facts``.
    """
    racing: list[Contender] = []
    try:
        for name, arguments in commands.items():
            say(f"starting {name}")
            racing.append(Contender(name, arguments, threads))
            racing[-1].work(warm_up)
        for number in range(rounds):
            for contender in racing if number % 2 == 0 else racing[::-1]:
                contender.rounds.append(statistics.median(contender.work(steps)))
            said = ", ".join(f"{contender.name} {contender.rounds[-1]:.3g} s" for contender in racing)
            say(f"round {number + 1} of {rounds}: {said}")
    finally:
        for contender in racing:
            contender.close()
    return {contender.name: contender for contender in racing}


def say(text: str) -> None:
    """Tell whoever waits how far it is."""
    print(text, file=sys.stderr, flush=True)
