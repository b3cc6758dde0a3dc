"""Prediction with ``audiofuse@published``, batch of 32: fusionkit, Keras on TensorFlow and plain PyTorch take turns.

    python -m benchmarks.prediction [--rounds 5] [--steps 1] [--threads N] [--rows FILE]

From views to probabilities, 128 windows a call: what `fusionkit evaluate` predicts with, `predict` of Keras (with and
without XLA, the faster counts), a loop over a DataLoader.
"""

from __future__ import annotations

from benchmarks.peers.race import command, race
from benchmarks.peers.table import arguments, faster, finish, paired, print_rates

WINDOWS = 128
FORMATS = {"float32": "float32", "bfloat16": "mixed_bfloat16"}


def main() -> None:
    """Measure."""
    chosen = arguments(__doc__, rounds=5, steps=1).parse_args()
    commands = {}
    for ours, theirs in FORMATS.items():
        commands[f"fusionkit {ours}"] = command("fusionkit_contender", "predict", ours)
        commands[f"PyTorch {ours}"] = command("torch_contender", "predict", ours)
        keras = command("keras_contender", "predict", theirs)
        commands |= {f"Keras {theirs}": keras, f"Keras {theirs} XLA": [*keras, "--jit"]}
    raced = race(commands, rounds=chosen.rounds, steps=chosen.steps, threads=chosen.threads, warm_up=1)
    rounds = {name: contender.rounds for name, contender in raced.items()}
    print_rates(rounds, "windows/s", WINDOWS)
    rows = []
    for ours, theirs in FORMATS.items():
        keras_best = faster(rounds, f"Keras {theirs}", f"Keras {theirs} XLA")
        rows.append(paired("prediction", f"fusionkit {ours}", keras_best, rounds, aim="2.0"))
        rows.append(paired("prediction", f"fusionkit {ours}", f"PyTorch {ours}", rounds))
    keras_best = faster(rounds, "Keras float32", "Keras float32 XLA")
    rows.append(paired("prediction", "fusionkit bfloat16", keras_best, rounds, aim="2.0"))
    finish(rows, chosen.rows)


if __name__ == "__main__":
    main()
