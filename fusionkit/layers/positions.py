"""Tables that tell a token where it stands."""

from __future__ import annotations

import torch
from torch import Tensor


def sinusoidal(length: int, dim: int) -> Tensor:
    r"""Return the sinusoidal position table.

    :math:`p_{t,2i} = \sin(t\,10000^{-2i/d})` and :math:`p_{t,2i+1} = \cos(t\,10000^{-2i/d})` [1]_.

    Parameters
    ----------
    length : int
        Positions t = 0, ..., length - 1.
    dim : int
        Width d of a position.

    Returns
    -------
    Tensor [length, dim]

    References
    ----------
    .. [1] A. Vaswani et al., "Attention is all you need", 2017, doi:10.48550/arXiv.1706.03762.
    """
    rate = 10000.0 ** (-torch.arange(0, dim, 2, dtype=torch.float64) / max(dim, 1))
    angle = torch.arange(length, dtype=torch.float64)[:, None] * rate
    table = torch.stack((angle.sin(), angle.cos()), dim=-1).flatten(1)
    return table[:, :dim].float()


def sinusoidal_2d(rows: int, columns: int, dim: int) -> Tensor:
    """Return the sinusoidal table of a grid: the first half of the width tells the row, the other half the column.

    Parameters
    ----------
    rows, columns : int
        Size of the grid.
    dim : int
        Width of a position.

    Returns
    -------
    Tensor [rows * columns, dim]
        Row after row.
    """
    row = sinusoidal(rows, dim - dim // 2)[:, None].expand(-1, columns, -1)
    column = sinusoidal(columns, dim // 2)[None].expand(rows, -1, -1)
    return torch.cat((row, column), dim=-1).flatten(0, 1)
