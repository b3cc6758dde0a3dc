"""Train AudioFuse in Keras on views from a folder and print its losses, epoch by epoch, as JSON.

python -m benchmarks.peers.keras_curves FOLDER --seed 0 --epochs 10 [--precision float32]
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.keras_audiofuse import audiofuse


def main() -> None:
    """Train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--precision", choices=["float32", "mixed_bfloat16"], default="float32")
    chosen = parser.parse_args()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    keras.utils.set_random_seed(chosen.seed)
    mel, wave, targets, part = (
        np.load(chosen.folder / f"{name}.npy") for name in ("mel", "wave", "targets", "validation")
    )
    views = [np.moveaxis(mel, 1, -1), np.moveaxis(wave, 1, -1)]
    train, validation = ((targets[rows], [view[rows] for view in views]) for rows in (part == 0, part == 1))
    history = audiofuse(precision=chosen.precision).fit(
        train[1],
        train[0],
        sample_weight=balanced(train[0]),
        validation_data=(validation[1], validation[0], balanced(validation[0])),
        batch_size=32,
        epochs=chosen.epochs,
        verbose=0,
    )
    print(json.dumps({"train": history.history["loss"], "validation": history.history["val_loss"]}), file=answers)
    answers.flush()


def balanced(targets: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the weight of every sample: n over twice the number of samples of its class."""
    weights: NDArray[np.float64] = len(targets) / (2 * np.bincount(targets))
    return weights[targets]


if __name__ == "__main__":
    main()
