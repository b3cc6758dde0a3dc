"""Dropout whose random draws cost little on a CPU."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

LEVELS = 1 << 16
"""Probabilities are multiples of 1 / LEVELS."""


def draw_kept(shape: Sequence[int], drop_rate: float) -> Tensor:
    """Return 1 where a number is kept and 0 where it is dropped, uint8, on the CPU.

    16 random bits decide on a number, so that the probability is that asked for to 1 / 131072. The bits are those of
    SFC64, which the CPU generator of PyTorch seeds, so that the same seed gives the same bits. `torch.nn.Dropout` draws
    one number after the other, which took a quarter of a training step of a vision transformer.
    """
    count = math.prod(shape)
    seed = int(torch.randint(1 << 62, ()))
    words = torch.from_numpy(np.random.SFC64(seed).random_raw(-(-count // 4)))
    draws = words.view(torch.int16)[:count].reshape(*shape)
    kept = torch.empty(draws.shape, dtype=torch.uint8)
    return torch.ge(draws, round(drop_rate * LEVELS) - LEVELS // 2, out=kept)


def kept_scale(drop_rate: float) -> float:
    """Return what kept numbers are multiplied by, so that the mean stays as it is."""
    return LEVELS / (LEVELS - round(drop_rate * LEVELS))


class Dropout(nn.Dropout):
    r"""Dropout: in training each number is zero with probability p, else it is divided by 1 - p.

    On a GPU this is `torch.nn.Dropout`; on a CPU the draws come from `draw_kept`.

    Parameters
    ----------
    drop_rate : float
        Probability p, below 1.

    References
    ----------
    .. [1] N. Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR 15, 2014.
    """

    def __init__(self, drop_rate: float) -> None:
        super().__init__(drop_rate)

    def forward(self, x: Tensor) -> Tensor:
        """Map a tensor to one of the same shape."""
        if not self.training or self.p == 0:
            return x
        if x.device.type != "cpu":
            return super().forward(x)
        return x * draw_kept(x.shape, self.p) * kept_scale(self.p)
