"""What stays the same during a training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from fusionkit.interfaces import Task
from fusionkit.training.plan import PlannedStage
from fusionkit.training.progress import Observer
from fusionkit.training.safekeeping import Safekeeping
from fusionkit.training.team import ALONE, Team

Score = Callable[[str, NDArray[np.float64], NDArray[np.int64]], float]


@dataclass(frozen=True)
class Training:
    """Everything that stays the same during a training.

    Parameters
    ----------
    model : nn.Module
        What is trained.
    plan : sequence of PlannedStage
        Its stages, in order, as `plan_stages` gives them.
    task : Task
        What is predicted.
    score : callable
        Maps the name of a figure, probabilities [window, class] and class numbers to the figure; not called for
        ``loss``.
    seed : int
        Seed of order, weights and dropout.
    device : torch.device
        Where the model is.
    precision : torch.dtype
        Number format of the step.
    observe : callable
        Is told of every step and epoch.
    save : callable
        Called with ``best`` or ``last`` when the weights of the model are to be kept under that name. ``best`` are
        those that the last stage is to end with: of its best epoch so far or, where it ends with the last, of each.
    score_epoch : callable
        Called with the number of every epoch of the last stage, when it is done; returns figures to keep, or None.
    keep : Safekeeping
        How the training is kept safe.
    team : Team
        The processes that train it together.
    """

    model: nn.Module
    plan: Sequence[PlannedStage]
    task: Task
    score: Score
    seed: int
    device: torch.device
    precision: torch.dtype
    observe: Observer
    save: Callable[[str], None]
    score_epoch: Callable[[int], dict[str, object] | None]
    keep: Safekeeping = field(default_factory=Safekeeping)
    team: Team = ALONE

    def autocast(self) -> torch.autocast:
        """Return the context that a step runs in."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision is torch.bfloat16)
