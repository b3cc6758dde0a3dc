"""Scaling of a view by its own statistics."""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from torch import Tensor

from fusionkit.options import Option

Scaling = Literal["none", "standard", "min_max", "peak"]
ScaleOption = Annotated[
    Scaling,
    Option(
        "Scaling of each channel of each sample by its own statistics: standard is zero mean and unit standard "
        "deviation, min_max is 0 to 1, peak divides by the largest magnitude."
    ),
]
EpsilonOption = Annotated[
    float, Option("Added to the divisor of scale, in the unit of the map before it is scaled.", ge=0)
]

_RESOLUTION = 1e-6


def scale_view(view: Tensor, scale: Scaling, dims: tuple[int, ...], epsilon: float = 0.0) -> Tensor:
    """Scale every sample and channel of a view by its own statistics.

    ========  ======================================  ==========================
    scale     formula                                 divisor d
    ========  ======================================  ==========================
    none      x
    standard  (x - mean(x)) / (d + epsilon)           standard deviation (ddof 0)
    min_max   (x - min(x)) / (d + epsilon)            max(x) - min(x)
    peak      x / (d + epsilon)                       max(abs(x))
    ========  ======================================  ==========================

    A map whose divisor is at most 1e-6 of its largest magnitude is constant as far as float32 can tell: it becomes
    zero.

    Parameters
    ----------
    view : Tensor [batch, channel, ...]
        What is scaled; it is not changed.
    scale : 'none', 'standard', 'min_max' or 'peak'
        Which formula.
    dims : tuple of int
        The axes of one map, over which the statistics are taken.
    epsilon : float, optional
        Added to the divisor.

    Returns
    -------
    Tensor
        Of the same shape.
    """
    if scale == "none":
        return view
    peak = view.abs().amax(dims, keepdim=True)
    if scale == "peak":
        divisor = peak
    elif scale == "min_max":
        view = view - view.amin(dims, keepdim=True)
        divisor = view.amax(dims, keepdim=True)
    else:
        view = view - view.mean(dims, keepdim=True)
        divisor = view.std(dims, correction=0, keepdim=True)
    return view / torch.where(divisor > _RESOLUTION * peak, divisor + epsilon, torch.inf)
