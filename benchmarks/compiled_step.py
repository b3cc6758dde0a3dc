"""Whether torch.compile pays on this machine: the training step of ``audiofuse@published`` with and without --compile.

    python -m benchmarks.compiled_step [--rounds 5] [--steps 2] [--precision bfloat16] [--threads N] [--rows FILE]

The first two steps, in which the code is compiled, are not counted. Compiled steps leave the own kernels of
``layers/`` out, which torch.compile cannot see through. It needs a C++ compiler.
"""

from __future__ import annotations

from benchmarks.peers.race import command, race
from benchmarks.peers.table import arguments, finish, paired, print_rates

BATCH = 32


def main() -> None:
    """Measure."""
    parser = arguments(__doc__, rounds=5, steps=2)
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="bfloat16")
    chosen = parser.parse_args()
    plain = command("fusionkit_contender", "train", chosen.precision)
    commands = {"eager": plain, "compiled": [*plain, "--compile"]}
    raced = race(commands, rounds=chosen.rounds, steps=chosen.steps, threads=chosen.threads)
    rounds = {name: contender.rounds for name, contender in raced.items()}
    print_rates(rounds, "windows/s", BATCH)
    finish([paired(f"step, compiled, {chosen.precision}", "compiled", "eager", rounds)], chosen.rows)


if __name__ == "__main__":
    main()
