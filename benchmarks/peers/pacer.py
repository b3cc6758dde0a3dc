"""A contender's side of a race: it works step by step as it is told, and says how long each step took."""

from __future__ import annotations

import json
import os
import sys
import time


class Pacer:
    """Lets a program that runs for ever do some steps, time each, and wait until it is told to go on.

    The orders come from standard input, a number of steps a line; the answers, JSON, go to standard output. What
    libraries print goes to standard error from here on.
    """

    def __init__(self) -> None:
        self._answers = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)
        self._wanted = 0
        self._begun = 0.0
        self._seconds: list[float] = []

    def ready(self, **facts: object) -> None:
        """Say that the program is ready, with what is to be known of it, and wait for the first order."""
        self._answer(facts)

    def done(self) -> None:
        """One step is done; wait where it was the last that was ordered."""
        self._seconds.append(time.perf_counter() - self._begun)
        if len(self._seconds) == self._wanted:
            self._answer(self._seconds)
        self.again()

    def again(self) -> None:
        """Start the clock of the step anew: what went before was no part of it."""
        self._begun = time.perf_counter()

    def _answer(self, answer: object) -> None:
        print(json.dumps(answer), file=self._answers, flush=True)
        order = sys.stdin.readline()
        if not order:
            raise SystemExit  # nobody waits for the end of a training
        self._wanted, self._seconds = int(order), []
        self.again()
