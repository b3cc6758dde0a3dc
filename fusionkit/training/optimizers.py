"""The optimisers and schedules of the rate by name."""

from __future__ import annotations

from typing import cast

import torch
from torch.optim.lr_scheduler import ReduceLROnPlateau
from torch.optim.optimizer import ParamsT

from fusionkit.training.eager_optimizers import eager
from fusionkit.training.noam import EPS, noam
from fusionkit.training.settings import TrainingSettings

_EPS = 1e-8


def make_optimizer(parameters: ParamsT, settings: TrainingSettings) -> torch.optim.Optimizer:
    """Return the optimiser that the settings name.

    Parameters
    ----------
    parameters : iterable of Parameter, or of dict
        What learns, or groups of it with a learning rate each: ``{"params": [...], "lr": 1e-4}``.
    settings : TrainingSettings
        Name, learning rate, weight decay, epsilon and momentum; for noam with ``d_model``, as `plan_stages` leaves it.
    """
    lr, weight_decay, eps = settings.lr, settings.weight_decay, settings.eps or _EPS
    match settings.optimizer:
        case "adamw":
            return eager(torch.optim.AdamW)(parameters, lr=lr, weight_decay=weight_decay, eps=eps)
        case "adamax":
            return eager(torch.optim.Adamax)(parameters, lr=lr, weight_decay=weight_decay, eps=eps)
        case "adam":
            return eager(torch.optim.Adam)(parameters, lr=lr, weight_decay=weight_decay, eps=eps)
        case "sgd":
            return eager(torch.optim.SGD)(parameters, lr=lr, weight_decay=weight_decay, momentum=settings.momentum)
        case "noam":
            return noam(
                parameters,
                lr=lr,
                d_model=cast("int", settings.d_model),
                warmup_steps=settings.warmup_steps,
                weight_decay=weight_decay,
                eps=settings.eps or EPS,
            )


def make_schedule(optimizer: torch.optim.Optimizer, settings: TrainingSettings) -> ReduceLROnPlateau | None:
    """Return what changes the rate after an epoch, by the validation loss, or None.

    ``plateau`` halves the rate, down to 1e-6, in every tenth epoch on end whose loss is not at least 1e-4 below the
    lowest, as the callback of Keras does; PyTorch by itself would wait one epoch longer.
    """
    if settings.lr_schedule == "none":
        return None
    return ReduceLROnPlateau(
        optimizer, factor=0.5, patience=9, threshold=1e-4, threshold_mode="abs", min_lr=1e-6, eps=0
    )
