"""Whether loading starves the step: views that are memory-mapped against views that lie in memory.

    python -m benchmarks.loading_step [--rounds 5] [--steps 2] [--precision float32] [--threads N] [--rows FILE]

The trainer on ``audiofuse@published``, batch of 32, 640 KB of views a window. ``mapped`` views come from the cache of a
run, and have been read before; ``cold`` ones are not in the system's memory, so that every window comes from the disk
and its hash is checked (a temporary folder in memory makes them warm). A ratio of 0.95 or more means that a step
takes at most 5 % longer than with everything in memory.
"""

from __future__ import annotations

from benchmarks.peers.race import command, race
from benchmarks.peers.table import arguments, finish, paired, print_rates

BATCH = 32


def main() -> None:
    """Measure."""
    parser = arguments(__doc__, rounds=5, steps=2)
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32")
    chosen = parser.parse_args()
    # All of the race in the first epoch: later ones meet what an earlier one has read.
    windows = 2 * BATCH * (2 + chosen.rounds * chosen.steps)
    commands = {
        f"views {kind}": command(
            "fusionkit_contender", "train", chosen.precision, "--views", kind, "--windows", windows
        )
        for kind in ("memory", "mapped", "cold")
    }
    raced = race(commands, rounds=chosen.rounds, steps=chosen.steps, threads=chosen.threads)
    rounds = {name: contender.rounds for name, contender in raced.items()}
    print_rates(rounds, "windows/s", BATCH)
    rows = [
        paired(f"step, loading, {chosen.precision}", name, "views memory", rounds, aim="0.95")
        for name in ("views mapped", "views cold")
    ]
    finish(rows, chosen.rows)


if __name__ == "__main__":
    main()
