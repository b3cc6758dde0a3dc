"""Batches: their order is a pure function of seed, stage and epoch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fusionkit.model.inference import Inputs


@dataclass(frozen=True)
class Part:
    """The windows of one part of a split.

    Parameters
    ----------
    inputs : sequence of array [window, ...]
        The view of every branch, or what a stage computed from them.
    rows : array [window]
        Rows of the inputs that belong to this part.
    targets : array [window]
        Class numbers.
    weights : array [window]
        Weights in the loss.
    """

    inputs: Inputs
    rows: NDArray[np.int64]
    targets: NDArray[np.int64]
    weights: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.rows)


def epoch_order(count: int, seed: int, stage: int, epoch: int) -> NDArray[np.int64]:
    """Return the order of the windows in one epoch."""
    return np.random.default_rng([seed, stage, epoch]).permutation(count)


def split_batches(order: NDArray[np.int64], batch_size: int) -> Iterator[NDArray[np.int64]]:
    """Cut an order into batches; a last one of a single window joins the one before: BatchNorm cannot learn from it."""
    starts = list(range(0, len(order), batch_size))
    if batch_size > 1 and len(starts) > 1 and len(order) - starts[-1] == 1:
        starts.pop()
    for start, stop in zip(starts, [*starts[1:], len(order)], strict=True):
        yield order[start:stop]
