"""Logarithmic compression of a view."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import torch
from torch import Tensor

from fusionkit.options import Option

Log = Literal["db", "log1p", "none"]
Reference = Literal["max"] | float
LogOption = Annotated[Log, Option("Compression of the map: decibels, log(1 + map), or none.")]
RefOption = Annotated[
    Reference,
    Option("What is 0 dB: max, the largest value of the map, or a value in the unit of the map.", gt=0, le=1e30),
]
AminOption = Annotated[
    float, Option("Smallest value that the decibels tell from zero, in the unit of the map.", ge=1e-30)
]
TopDbOption = Annotated[
    float | None, Option("Dynamic range in dB: what lies further below the largest value is raised to it.", gt=0)
]


def compress(
    view: Tensor,
    log: Log,
    *,
    multiplier: float,
    amin: float,
    ref: Reference = 1.0,
    top_db: float | None = None,
) -> Tensor:
    r"""Compress maps logarithmically, each channel of each sample alone.

    db: :math:`m \log_{10}(\max(x, a_{min})) - m \log_{10}(\max(ref, a_{min}))`, not below its maximum minus ``top_db``;
    log1p: :math:`\ln(1 + x)`; none: x.

    Parameters
    ----------
    view : Tensor [batch, channel, freq, time]
        Magnitudes or powers, at least 0.
    log : 'db', 'log1p' or 'none'
        Which formula; the other parameters belong to db.
    multiplier : float
        Decibels a decade: 10 for powers, 20 for magnitudes.
    amin : float
        Smallest value that is told from zero.
    ref : 'max' or float
        What is 0 dB.
    top_db : float, optional
        Dynamic range in dB.
    """
    if log == "log1p":
        return view.log1p()
    if log == "none":
        return view
    levels = multiplier * view.clamp(min=amin).log10()
    if ref == "max":
        levels = levels - levels.amax((-2, -1), keepdim=True)
    else:
        levels = levels - multiplier * math.log10(max(ref, amin))
    if top_db is not None:
        levels = torch.maximum(levels, levels.amax((-2, -1), keepdim=True) - top_db)
    return levels
