"""Max-pooling over time."""

from __future__ import annotations

from collections.abc import Iterable

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


def pool_early(layers: Iterable[nn.Module]) -> list[nn.Module]:
    """Return trained layers with each pool moved before what it may go before, to the same result with less work.

    The largest of a few numbers stays the largest under a function that never falls, rounded or not: ReLU also where it
    leaks, and a BatchNorm with running statistics whose weights are not negative.

    Parameters
    ----------
    layers : iterable of nn.Module
        Layers in evaluation mode, called one after the other.
    """
    early: list[nn.Module] = []
    for layer in layers:
        place = len(early)
        while isinstance(layer, TimePool) and place and _never_falls(early[place - 1]):
            place -= 1
        early.insert(place, layer)
    return early


def _never_falls(layer: nn.Module) -> bool:
    if isinstance(layer, nn.BatchNorm2d):
        fixed = not layer.training and layer.running_mean is not None
        return fixed and (layer.weight is None or bool((layer.weight >= 0).all()))
    return isinstance(layer, nn.ReLU) or (isinstance(layer, nn.LeakyReLU) and layer.negative_slope >= 0)
