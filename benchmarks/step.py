"""A training step of ``audiofuse@published``: fusionkit, Keras on TensorFlow and plain PyTorch take turns.

    python -m benchmarks.step [--rounds 7] [--steps 1] [--threads N] [--rows FILE]

Batch of 32, views of 224 x 224 and 110 250 samples, dropout, weighted cross-entropy and AdamW as in the recipe; every
contender in a process of its own with the same number of threads, in its own training loop: the trainer of a run,
`fit` of Keras with and without XLA, a loop over a DataLoader. The matrix product of the machine takes part, so that the
share of it that a step reaches is known.
"""

from __future__ import annotations

import statistics

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.peers.race import command, race
from benchmarks.peers.table import arguments, finish, paired, print_rates
from benchmarks.peers.torch_audiofuse import AudioFuse

BATCH = 32
FORMATS = {"float32": "float32", "bfloat16": "mixed_bfloat16"}
RACES = (("Keras", "product"), ("Keras XLA", "PyTorch"))  # two, since all together need more than 20 GB
AIMS = {
    ("float32", "float32"): "2.0",
    ("bfloat16", "float32"): "2.0",
    ("bfloat16", "mixed_bfloat16"): "1.7",
}


def step_flop() -> int:
    """Return the floating-point operations of a step for one window, forward and backward: two a multiply-add.

    All matrix products and convolutions are counted as they run, those of the attention included.
    """
    model = AudioFuse()
    with FlopCounterMode(display=False) as counter:
        model(torch.rand(2, 1, 224, 224), torch.randn(2, 1, 110_250)).sum().backward()
    return int(counter.get_total_flops()) // 2


def peer_command(peer: str, ours: str, theirs: str) -> list[str]:
    """Return the command of a peer in a number format, which each side has its own name for."""
    match peer:
        case "product":
            return command("matmul_contender", ours)
        case "PyTorch":
            return command("torch_contender", "train", ours)
        case _:
            return [*command("keras_contender", "train", theirs), *(["--jit"] if peer == "Keras XLA" else [])]


def main() -> None:
    """Measure."""
    chosen = arguments(__doc__, rounds=7, steps=1).parse_args()
    flop = step_flop()
    print(f"a step needs {flop / 1e9:.2f} GFLOP a window")
    rows = []
    for peers in RACES:
        commands = {f"fusionkit {ours}": command("fusionkit_contender", "train", ours) for ours in FORMATS}
        for ours, theirs in FORMATS.items():
            commands |= {f"{peer} {theirs}": peer_command(peer, ours, theirs) for peer in peers}
        raced = race(commands, rounds=chosen.rounds, steps=chosen.steps, threads=chosen.threads)
        rounds = {name: contender.rounds for name, contender in raced.items()}
        print_rates({name: seconds for name, seconds in rounds.items() if "product" not in name}, "windows/s", BATCH)
        if "product" in peers:
            for ours, theirs in FORMATS.items():
                peak = raced[f"product {theirs}"].facts["flop"] / statistics.median(rounds[f"product {theirs}"])
                reached = BATCH * flop / statistics.median(rounds[f"fusionkit {ours}"])
                print(
                    f"matrix product {ours}: {peak / 1e9:.0f} GFLOP/s; fusionkit {ours} reaches {reached / 1e9:.0f}, "
                    f"{reached / peak:.0%} of it"
                )
        rows += [
            paired("training step", f"fusionkit {ours}", f"{peer} {theirs}", rounds, AIMS.get((ours, theirs), ""))
            for ours in FORMATS
            for peer in peers
            if peer != "product"
            for theirs in FORMATS.values()
        ]
    finish(rows, chosen.rows)


if __name__ == "__main__":
    main()
