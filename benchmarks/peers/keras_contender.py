"""Keras in a race: training with ``fit``, or prediction with ``predict``.

python -m benchmarks.peers.keras_contender train|predict float32|mixed_bfloat16 [--jit] [--batch-size 32]
"""

from __future__ import annotations

import argparse

import keras
import numpy as np

from benchmarks.peers.keras_audiofuse import audiofuse
from benchmarks.peers.pacer import Pacer

BATCHES = 4


class Paced(keras.callbacks.Callback):
    """Times the steps of ``fit`` without what lies between two epochs."""

    def __init__(self, pacer: Pacer) -> None:
        super().__init__()
        self._pacer = pacer

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:  # noqa: ARG002
        """Start the clock."""
        self._pacer.again()

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:  # noqa: ARG002
        """Stop the clock."""
        self._pacer.done()


def main() -> None:
    """Work for ever."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", choices=["train", "predict"])
    parser.add_argument("precision", choices=["float32", "mixed_bfloat16"])
    parser.add_argument("--jit", action="store_true")
    parser.add_argument("--batch-size", type=int, default=32)
    chosen = parser.parse_args()
    pacer = Pacer()
    rng = np.random.default_rng(0)
    count = BATCHES * chosen.batch_size
    views = [
        rng.random((count, 224, 224, 1), dtype=np.float32),
        rng.standard_normal((count, 110_250, 1), dtype=np.float32),
    ]
    model = audiofuse(precision=chosen.precision, jit_compile=chosen.jit)
    pacer.ready(keras=keras.__version__, parameters=model.count_params())
    if chosen.work == "predict":
        while True:
            model.predict(views, batch_size=chosen.batch_size, verbose=0)
            pacer.done()
    targets = (rng.random(count) < 0.2).astype(np.float32)
    weights = np.where(targets == 1, 2.5, 0.625).astype(np.float32)
    model.fit(
        views,
        targets,
        sample_weight=weights,
        batch_size=chosen.batch_size,
        epochs=1_000_000,
        verbose=0,
        callbacks=[Paced(pacer)],
    )


if __name__ == "__main__":
    main()
