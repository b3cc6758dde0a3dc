"""Strided convolutions over time."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_FEW = 64


def same_padding(length: int, kernel_size: int, stride: int) -> tuple[int, int]:
    """Return the zeros before and after a signal that make a strided convolution give ``ceil(length / stride)`` steps.

    This is the rule of TensorFlow for ``same``: as few as possible, the odd one at the end. PyTorch has none for a
    stride above 1.

    Parameters
    ----------
    length, kernel_size, stride : int
        In samples.

    Examples
    --------
    >>> same_padding(110250, 16, 4)
    (7, 7)
    >>> same_padding(10, 3, 2)
    (0, 1)
    """
    steps = -(-length // stride)
    total = max((steps - 1) * stride + kernel_size - length, 0)
    return total // 2, total - total // 2


def convolution(in_channels: int, out_channels: int, kernel_size: int, *, stride: int, padding: int) -> nn.Conv2d:
    """Return a convolution over the time of [batch, channel, 1, time], whose memory lies with the channels last.

    Parameters
    ----------
    in_channels, out_channels : int
        Channels and filters.
    kernel_size, stride, padding : int
        Length of a filter, its step, and the zeros on both sides, in samples.
    """
    kind = UnfoldedConv if in_channels * kernel_size <= _FEW else nn.Conv2d
    conv = kind(in_channels, out_channels, (1, kernel_size), stride=(1, stride), padding=(0, padding))
    conv.weight.data = conv.weight.data.contiguous(memory_format=torch.channels_last)
    return conv


class UnfoldedConv(nn.Conv2d):
    """A convolution over time as one matrix product, which is faster where a filter has few weights.

    Kernels for images are made for many channels; one of a single channel takes twice the time.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Map [batch, channel, 1, time] to [batch, filter, 1, step], with the filters last in memory."""
        zeros = int(self.padding[1])
        pieces = F.pad(x[:, :, 0], (zeros, zeros)).unfold(2, self.kernel_size[1], self.stride[1])
        steps = F.linear(pieces.transpose(1, 2).flatten(2), self.weight.flatten(1), self.bias)
        return steps.transpose(1, 2).unsqueeze(2)
