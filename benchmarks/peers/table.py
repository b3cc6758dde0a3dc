"""Rows of ratios: a median and its spread, printed and kept."""

from __future__ import annotations

import argparse
import json
import os
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """How many times as fast one contender is as another.

    Parameters
    ----------
    what : str
        What was measured.
    ours, peer : str
        The contenders.
    ratios : sequence of float
        Time of the peer over time of ours, round by round; above 1 ours is faster.
    aim : str
        What is to be reached, if there is an aim.
    """

    what: str
    ours: str
    peer: str
    ratios: Sequence[float]
    aim: str = ""


def paired(what: str, ours: str, peer: str, rounds: dict[str, list[float]], aim: str = "") -> Row:
    """Return the row of two contenders from the seconds of their rounds."""
    return Row(what, ours, peer, [b / a for a, b in zip(rounds[ours], rounds[peer], strict=True)], aim)


def faster(rounds: dict[str, list[float]], *names: str) -> str:
    """Return which of some contenders is the fastest in the median."""
    return min(names, key=lambda name: statistics.median(rounds[name]))


def print_rates(rounds: dict[str, list[float]], unit: str, amount: float) -> None:
    """Print what every contender did in a second, in the median round and in the slowest and fastest."""
    width = max(map(len, rounds))
    for name, seconds in rounds.items():
        middle, low, high = (amount / value for value in (statistics.median(seconds), max(seconds), min(seconds)))
        print(f"{name:{width}}  {middle:8.1f} {unit}  ({low:.1f} ... {high:.1f}, n = {len(seconds)})")


def print_rows(rows: Sequence[Row]) -> None:
    """Print rows under each other."""
    heads = ("measured", "fusionkit", "against", "ratio", "spread", "n", "aim")
    cells = [heads] + [
        (
            row.what,
            row.ours,
            row.peer,
            f"{statistics.median(row.ratios):.2f}",
            f"{min(row.ratios):.2f} ... {max(row.ratios):.2f}",
            str(len(row.ratios)),
            row.aim,
        )
        for row in rows
    ]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    for row in cells:
        print("  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())


def arguments(description: str | None, *, rounds: int, steps: int) -> argparse.ArgumentParser:
    """Return the arguments that all races share."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--steps", type=int, default=steps, help="steps a turn")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rows", type=Path, help="file to which the rows are added")
    return parser


def finish(rows: Sequence[Row], file: Path | None) -> None:
    """Print the rows, and keep them where a file is named."""
    print_rows(rows)
    if file:
        with file.open("a") as stream:
            stream.writelines(json.dumps(asdict(row)) + "\n" for row in rows)


def read_rows(file: Path) -> list[Row]:
    """Return the rows that `finish` kept."""
    return [Row(**json.loads(line)) for line in file.read_text().splitlines()]
