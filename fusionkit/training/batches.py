"""Batches: their order is a pure function of seed, stage and epoch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fusionkit.model.inference import Inputs, on_device, read_rows, to_device
from fusionkit.training.augmenter import Augmenter


@dataclass(frozen=True)
class Batch:
    """What one step learns from.

    Parameters
    ----------
    inputs : list of Tensor [batch, ...]
        The inputs of the stage.
    targets, weights : Tensor [batch] or [batch, class]
        As in `Part`.
    share : Tensor [batch], optional
        Share of each window in its mixture with the next one of the batch; None: nothing is mixed.
    """

    inputs: list[Tensor]
    targets: Tensor
    weights: Tensor
    share: Tensor | None = None


@dataclass(frozen=True)
class Part:
    """The windows of one part of a split.

    Parameters
    ----------
    inputs : sequence of array [window, ...], or LiveViews
        The view of every branch, or what a stage computed from them.
    rows : array [window]
        Rows of the inputs that belong to this part.
    targets : array [window] or [window, class]
        Class numbers; for a multi-label task 1 where the window belongs to the class.
    weights : array of the shape of the targets
        Weights in the loss.
    augmenter : Augmenter, optional
        What changes the inputs in training.
    """

    inputs: Inputs
    rows: NDArray[np.int64]
    targets: NDArray[np.int64]
    weights: NDArray[np.float32]
    augmenter: Augmenter | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def read(self, chosen: NDArray[np.int64]) -> list[Tensor]:
        """Return what the batch of some windows of the part is made from."""
        source = self.inputs if self.augmenter is None else self.augmenter.source(self.inputs)
        return read_rows(source, self.rows[chosen])

    def batch(self, chosen: NDArray[np.int64], read: list[Tensor], epoch: int, device: torch.device) -> Batch:
        """Make a batch from what was read, changed at random where there is an augmenter."""
        targets = to_device(torch.from_numpy(self.targets[chosen]), device)
        weights = to_device(torch.from_numpy(self.weights[chosen]), device)
        rows = self.rows[chosen]
        if self.augmenter is None:
            return Batch(on_device(self.inputs, read, device), targets, weights)
        inputs = self.augmenter.inputs(self.inputs, read, rows, epoch, device)
        shares = self.augmenter.shares(rows, epoch)
        if shares is None:
            return Batch(inputs, targets, weights)
        # The order of the batch is random already, so that the next window is a random one.
        share = torch.from_numpy(shares).to(device)
        inputs = [mixed(x, x.roll(-1, dims=0), share) for x in inputs]
        return Batch(inputs, targets, weights, share)


def mixed(own: Tensor, other: Tensor, share: Tensor) -> Tensor:
    """Return a share of each sample's own values and what is left of it of another's."""
    share = share.reshape(-1, *[1] * (own.ndim - 1))
    return share * own + (1 - share) * other


def epoch_order(count: int, seed: int, stage: int, epoch: int) -> NDArray[np.int64]:
    """Return the order of the windows in one epoch."""
    return np.random.default_rng([seed, stage, epoch]).permutation(count)


def split_batches(order: NDArray[np.int64], batch_size: int, processes: int = 1) -> Iterator[NDArray[np.int64]]:
    """Cut an order into batches.

    A last one of less than two windows for each process joins the one before: BatchNorm cannot learn from one window.
    """
    starts = list(range(0, len(order), batch_size))
    if batch_size > processes and len(starts) > 1 and len(order) - starts[-1] < 2 * processes:
        starts.pop()
    for start, stop in zip(starts, [*starts[1:], len(order)], strict=True):
        yield order[start:stop]
