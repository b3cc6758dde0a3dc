"""Running a model over many windows, shared by the processes of a team."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fusionkit.model.inference import Inputs, run_in_batches
from fusionkit.training.team import Team


def run_in_team(
    team: Team,
    function: Callable[[Sequence[Tensor]], Any],
    inputs: Inputs,
    rows: NDArray[np.int64],
    *,
    batch_size: int,
    device: torch.device,
    precision: torch.dtype,
) -> tuple[Tensor, ...]:
    """Run a function as `run_in_batches` does, each process over rows of its own; all of them get all results."""
    shards = np.array_split(rows, team.size) if len(rows) >= team.size else [rows]
    own = shards[team.rank] if len(shards) > 1 else rows
    outputs = run_in_batches(function, inputs, own, batch_size=batch_size, device=device, precision=precision)
    if len(shards) == 1:
        return outputs
    return tuple(team.join_rows(output, [len(shard) for shard in shards]) for output in outputs)
