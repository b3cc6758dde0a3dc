"""The optimisers by name."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

from fusionkit.training.settings import TrainingSettings


def make_optimizer(parameters: Iterable[nn.Parameter], settings: TrainingSettings) -> torch.optim.Optimizer:
    """Return the optimiser that the settings name.

    Parameters
    ----------
    parameters : iterable of Parameter
        What learns.
    settings : TrainingSettings
        Name, learning rate, weight decay and momentum.
    """
    lr, weight_decay = settings.lr, settings.weight_decay
    match settings.optimizer:
        case "adamw":
            return torch.optim.AdamW(parameters, lr=lr, weight_decay=weight_decay)
        case "adamax":
            return torch.optim.Adamax(parameters, lr=lr, weight_decay=weight_decay)
        case "adam":
            return torch.optim.Adam(parameters, lr=lr, weight_decay=weight_decay)
        case "sgd":
            return torch.optim.SGD(parameters, lr=lr, weight_decay=weight_decay, momentum=settings.momentum)
