"""Running a model over many windows, and turning logits into probabilities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fusionkit.interfaces import Task

Inputs = Sequence[NDArray[np.float32] | Tensor]


def gather(inputs: Inputs, rows: NDArray[np.int64], device: torch.device) -> list[Tensor]:
    """Return some rows of every input on a device; memory-mapped arrays are read here and not before."""
    index = torch.from_numpy(rows)
    return [
        (array[index] if isinstance(array, Tensor) else torch.from_numpy(array[rows])).to(device) for array in inputs
    ]


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
    inputs : sequence of array or Tensor [window, ...]
        What the function reads.
    rows : array
        The rows to run, in this order.
    batch_size : int
        Rows a call.
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
        for start in range(0, len(rows), batch_size):
            output = function(gather(inputs, rows[start : start + batch_size], device))
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
