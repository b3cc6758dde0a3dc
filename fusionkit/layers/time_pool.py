"""Max-pooling over time."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class TimePool(nn.MaxPool2d):
    """The largest of every few steps of [batch, channel, 1, time]; an incomplete pool at the end is left out.

    Without a gradient nobody asks which step was the largest, and so it is not noted, which takes half of the time.

    Parameters
    ----------
    size : int
        Steps of a pool.
    """

    def __init__(self, size: int) -> None:
        super().__init__((1, size))
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        """Map [batch, channel, 1, time] to [batch, channel, 1, time // size]."""
        if x.shape[3] < self.size or (torch.is_grad_enabled() and x.requires_grad):
            noted: Tensor = super().forward(x)
            return noted
        batch, channels, _, length = x.shape
        steps = length // self.size
        pools = x.squeeze(2).transpose(1, 2)[:, : steps * self.size].reshape(batch, steps, self.size, channels)
        return pools.amax(dim=2).transpose(1, 2).unsqueeze(2)
