"""What a campaign found: a row a case."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, field

FINDS = 5


@dataclass
class Case:
    """One kind of fault, tried n times.

    Parameters
    ----------
    name : str
        What was done.
    n : int
        How often.
    finds : list of str
        What went wrong.
    skipped : str
        Why nothing was tried.
    exhaustive : bool
        Whether there is no other place to try.
    """

    name: str
    n: int = 0
    finds: list[str] = field(default_factory=list)
    skipped: str = ""
    exhaustive: bool = False

    def tried(self, find: str = "") -> None:
        """Count a trial; a text says what went wrong."""
        self.n += 1
        if find:
            self.finds.append(find)

    @property
    def bound(self) -> str:
        """The share of failures that 95 % confidence allows: 3/n after none in n trials."""
        if self.finds or not self.n:
            return self.skipped or "-"
        return "all tried" if self.exhaustive else f"{min(1.0, 3 / self.n):.2%}"


def table(cases: list[Case]) -> str:
    """Return the table that `make faults` prints, with what went wrong below."""
    width = max(len(case.name) for case in cases)
    lines = [f"{'case':<{width}}  {'n':>6}  {'failures':>8}  at most"]
    lines += [f"{case.name:<{width}}  {case.n:>6}  {len(case.finds):>8}  {case.bound}" for case in cases]
    for case in cases:
        lines += [f"{case.name}: {find}" for find in case.finds[:FINDS]]
    return "\n".join(lines)


def campaign(run: Callable[[argparse.Namespace], list[Case]], description: str, **numbers: int) -> int:
    """Read the numbers from the command line, run a campaign, print its table and return the exit code."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in {"seed": 0, **numbers}.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    begun = time.monotonic()
    cases = run(parser.parse_args())
    print(f"{table(cases)}\n{time.monotonic() - begun:.0f} s")  # noqa: T201
    return min(1, sum(len(case.finds) for case in cases))
