"""Bilinear resizing of a view, with half-pixel centres and without antialiasing."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from fusionkit.errors import UsageError
from fusionkit.options import Option

SizeOption = Annotated[
    tuple[int, ...] | None,
    Option(
        "Rows and columns (freq, time) to which the map is resized, bilinear with half-pixel centres and no "
        "antialiasing; none: as it comes.",
        ge=1,
        le=8192,
    ),
]


def checked_size(size: tuple[int, ...] | None, owner: str) -> tuple[int, int] | None:
    """Return the size as rows and columns.

    Parameters
    ----------
    size : tuple of int or None
        What the user chose.
    owner : str
        How an error names the component.

    Raises
    ------
    UsageError
        If it is not two numbers.
    """
    if size is None:
        return None
    if len(size) != 2:
        raise UsageError(f"{owner}: option 'size' is {size}; expected two numbers, rows and columns, such as 224,224")
    return size[0], size[1]


def resize_view(view: Tensor, size: tuple[int, int] | None) -> Tensor:
    """Resize maps [batch, channel, freq, time] to [batch, channel, *size]; None leaves them as they are."""
    if size is None:
        return view
    return F.interpolate(view, size=size, mode="bilinear", align_corners=False, antialias=False)


def bilinear_columns(samples: int, columns: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    r"""Return what bilinear resizing of a time axis reads.

    Column c lies at :math:`u = (c + 1/2) \cdot samples / columns - 1/2`, held within the axis, and is
    :math:`(1 - w)\, x[l] + w\, x[r]` with :math:`l = \lfloor u \rfloor`, :math:`r = l + 1` and :math:`w = u - l`.

    Parameters
    ----------
    samples, columns : int
        Length of the axis before and after.

    Returns
    -------
    left, right, weight : ndarray [columns]
        l, r and w of every column.
    """
    position = np.clip((np.arange(columns) + 0.5) * samples / columns - 0.5, 0, samples - 1)
    left = np.floor(position).astype(np.int64)
    return left, np.minimum(left + 1, samples - 1), position - left
