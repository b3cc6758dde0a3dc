"""Running a model over many windows, and turning logits into probabilities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fusionkit.interfaces import Task
from fusionkit.model.read_ahead import read_ahead


class RowArray(Protocol):
    """What is read by row: an array, or rows on disk that are checked when they are read."""

    def __len__(self) -> int:
        """Return the number of rows."""

    def __getitem__(self, rows: Any, /) -> NDArray[np.float32]:
        """Return some rows, chosen as in an array."""


@dataclass(frozen=True)
class LiveViews:
    """The view of every branch for all windows, computed for every batch where that is used; nothing is kept.

    Parameters
    ----------
    signals : array [window, channel, time]
        All windows.
    views_of : callable
        Maps signals [batch, channel, time] to the view of every branch, where the signals are.
    """

    signals: RowArray
    views_of: Callable[[Tensor], Sequence[Tensor]]

    def views(self, signals: Tensor) -> list[Tensor]:
        """Return the views of signals where these are, computed in float32 whatever the step computes in."""
        with torch.no_grad(), torch.autocast(signals.device.type, enabled=False):
            return list(self.views_of(signals))


Inputs = Sequence[RowArray | Tensor] | LiveViews


def read_rows(inputs: Inputs, rows: NDArray[np.int64]) -> list[Tensor]:
    """Return some rows of every input, or of the signals of live views; what is on disk is read here and not before."""
    index = torch.from_numpy(rows)
    arrays = [inputs.signals] if isinstance(inputs, LiveViews) else inputs
    return [array[index] if isinstance(array, Tensor) else torch.from_numpy(array[rows]) for array in arrays]


def on_device(inputs: Inputs, read: Sequence[Tensor], device: torch.device) -> list[Tensor]:
    """Return what `read_rows` gave, on a device; live views are computed there."""
    moved = [to_device(tensor, device) for tensor in read]
    return inputs.views(moved[0]) if isinstance(inputs, LiveViews) else moved


def to_device(tensor: Tensor, device: torch.device) -> Tensor:
    """Return a tensor on a device; a GPU fetches it from pinned memory while the program goes on."""
    if device.type != "cuda" or tensor.device.type != "cpu":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


def run_in_batches(
    function: Callable[[Sequence[Tensor]], Any],
    inputs: Inputs,
    rows: NDArray[np.int64],
    *,
    batch_size: int,
    device: torch.device,
    precision: torch.dtype = torch.float32,
) -> tuple[Tensor, ...]:
    """Run a function without gradient over some rows of its inputs.

    Parameters
    ----------
    function : callable
        Maps a sequence of tensors with the batch axis first to a tensor or a tuple of tensors.
    inputs : sequence of array or Tensor [window, ...], or LiveViews
        What the function reads.
    rows : array
        The rows to run, in this order.
    batch_size : int
        Windows a call.
    device : torch.device
        Where it runs.
    precision : torch.dtype
        ``torch.bfloat16`` runs under autocast.

    Returns
    -------
    tuple of Tensor
        Every output of the function for all rows, on the CPU, in float32.
    """
    results: list[tuple[Tensor, ...]] = []
    with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, enabled=precision is torch.bfloat16):
        batches = [rows[start : start + batch_size] for start in range(0, len(rows), batch_size)]
        with closing(read_ahead(partial(read_rows, inputs), batches, device)) as reading:
            for read in reading:
                output = function(on_device(inputs, read, device))
                parts = output if isinstance(output, tuple) else (output,)
                results.append(tuple(part.float().cpu() for part in parts))
    return tuple(torch.cat(parts) for parts in zip(*results, strict=True))


def probabilities(task: Task, logits: Tensor) -> NDArray[np.float64]:
    """Return class probabilities [sample, class]: softmax, or sigmoid for one output and for a multi-label task."""
    scores = logits.double().cpu()
    if task.kind == "multilabel":
        return torch.sigmoid(scores).numpy()
    if task.num_outputs == 1:
        positive = torch.sigmoid(scores[:, 0])
        return torch.stack((1 - positive, positive), dim=1).numpy()
    return torch.softmax(scores, dim=1).numpy()
