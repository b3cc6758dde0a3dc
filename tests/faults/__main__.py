"""Run all campaigns and print one table: what `make faults` does.

python -m tests.faults --runs 200 --flips 1000 --mutants 10000
"""

from __future__ import annotations

import argparse
import sys
import time
from argparse import Namespace
from collections.abc import Callable

from tests.faults.crash_points import crash_points
from tests.faults.full_disk import full_disk
from tests.faults.kill import kill_campaign
from tests.faults.shared import shared_campaign
from tests.faults.shim import with_shim
from tests.faults.signals import signals_campaign
from tests.faults.strangers import strangers_campaign
from tests.faults.table import Case, campaign

CAMPAIGNS: tuple[tuple[Callable[[Namespace], list[Case]], dict[str, int]], ...] = (
    # Kills last, because they take what is left of the time.
    (strangers_campaign, {}),
    (crash_points, {"runs": 20}),
    (signals_campaign, {"turns": 4}),
    (shared_campaign, {"starts": 2, "flips": 3}),
    (full_disk, {"turns": 5}),
    (kill_campaign, {}),
)


def everything(arguments: argparse.Namespace) -> list[Case]:
    """Run all campaigns."""
    cases: list[Case] = []
    for run, numbers in CAMPAIGNS:
        begun = time.monotonic()
        cases += run(Namespace(**{**vars(arguments), **numbers}))
        print(f"{run.__name__}: {time.monotonic() - begun:.0f} s", flush=True)  # noqa: T201
    return cases


if __name__ == "__main__":
    with_shim("tests.faults")
    numbers = {"runs": 200, "often": 20, "flips": 1000, "mutants": 10_000, "jobs": 2, "minutes": 10}
    sys.exit(campaign(everything, str(__doc__), **numbers))
