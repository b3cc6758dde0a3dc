"""A training step of ``audiofuse@published``: fusionkit, Keras on TensorFlow and plain PyTorch take turns.

    python -m benchmarks.step [--rounds 7] [--steps 1] [--threads N] [--rows FILE]

Batch of 32, views of 224 x 224 and 110 250 samples, dropout, weighted cross-entropy and AdamW as in the recipe; every
contender in a process of its own with the same number of threads, in its own training loop: the trainer of a run,
`fit` of Keras, a loop over a DataLoader. Of Keras with and without XLA the faster counts. The matrix product of the
machine takes part, so that the share of it that a step reaches is known.
"""

from __future__ import annotations

import statistics

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.peers.race import command, race
from benchmarks.peers.table import arguments, faster, finish, paired, print_rates
from benchmarks.peers.torch_audiofuse import AudioFuse

BATCH = 32
FORMATS = {"float32": "float32", "bfloat16": "mixed_bfloat16"}
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


def main() -> None:
    """Measure."""
    chosen = arguments(__doc__, rounds=7, steps=1).parse_args()
    commands = {}
    for ours, theirs in FORMATS.items():
        commands[f"fusionkit {ours}"] = command("fusionkit_contender", "train", ours)
        commands[f"PyTorch {ours}"] = command("torch_contender", "train", ours)
        commands[f"product {ours}"] = command("matmul_contender", ours)
        keras = command("keras_contender", "train", theirs)
        commands |= {f"Keras {theirs}": keras, f"Keras {theirs} XLA": [*keras, "--jit"]}
    raced = race(commands, rounds=chosen.rounds, steps=chosen.steps, threads=chosen.threads)
    rounds = {name: contender.rounds for name, contender in raced.items()}
    products = {ours: rounds.pop(f"product {ours}") for ours in FORMATS}
    print_rates(rounds, "windows/s", BATCH)
    flop = step_flop()
    print(f"a step needs {flop / 1e9:.2f} GFLOP a window")
    for ours, seconds in products.items():
        peak = raced[f"product {ours}"].facts["flop"] / statistics.median(seconds)
        reached = BATCH * flop / statistics.median(rounds[f"fusionkit {ours}"])
        print(
            f"matrix product {ours}: {peak / 1e9:.0f} GFLOP/s; fusionkit {ours} reaches {reached / 1e9:.0f}, "
            f"{reached / peak:.0%} of it"
        )
    best = {theirs: faster(rounds, f"Keras {theirs}", f"Keras {theirs} XLA") for theirs in FORMATS.values()}
    rows = [
        paired("training step", f"fusionkit {ours}", best[theirs], rounds, AIMS.get((ours, theirs), ""))
        for ours in FORMATS
        for theirs in FORMATS.values()
    ]
    rows += [paired("training step", f"fusionkit {ours}", f"PyTorch {ours}", rounds) for ours in FORMATS]
    finish(rows, chosen.rows)


if __name__ == "__main__":
    main()
