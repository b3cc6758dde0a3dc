"""Dropout whose random draws cost little on a CPU."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

LEVELS = 1 << 15
"""Probabilities are multiples of 1 / LEVELS."""


class Draws:
    """Draws what is dropped, tensor after tensor, on the CPU.

    15 random bits decide on a number, so that the probability is that asked for to 1 / 65536. The bits are those of
    SFC64, which the CPU generator of PyTorch seeds, so that the same seed gives the same bits. `torch.nn.Dropout` draws
    one number after the other, which took a quarter of a training step of a vision transformer.

    Parameters
    ----------
    drop_rate : float
        Probability p, below 1.
    """

    def __init__(self, drop_rate: float) -> None:
        self._bits = np.random.SFC64(int(torch.randint(1 << 62, ())))
        self._border = _dropped_levels(drop_rate) - LEVELS // 2

    def signs(self, shape: Sequence[int]) -> Tensor:
        """Return int16 numbers, negative where something is dropped."""
        count = math.prod(shape)
        words = torch.from_numpy(self._bits.random_raw(-(-count // 4)))
        return words.view(torch.int16)[:count].reshape(*shape).bitwise_right_shift_(1).sub_(self._border)


def kept_scale(drop_rate: float) -> float:
    """Return what kept numbers are multiplied by, so that the mean stays as it is."""
    return LEVELS / (LEVELS - _dropped_levels(drop_rate))


def _dropped_levels(drop_rate: float) -> int:
    return min(round(drop_rate * LEVELS), LEVELS - 1)


class Dropout(nn.Dropout):
    r"""Dropout: in training each number is zero with probability p, else it is divided by 1 - p.

    On a GPU, and compiled, this is `torch.nn.Dropout`; on a CPU `Draws` says what is dropped.

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
        if x.device.type != "cpu" or torch.compiler.is_compiling():  # which cannot follow a draw of numpy
            return super().forward(x)
        kept = Draws(self.p).signs(x.shape).ge_(0)
        return x * kept.to(x.dtype) * kept_scale(self.p)
