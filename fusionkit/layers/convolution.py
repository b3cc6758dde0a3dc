"""Strided convolutions over time."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


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
    kind = FoldedConv if stride > 1 and kernel_size % stride == 0 else nn.Conv2d
    conv = kind(in_channels, out_channels, (1, kernel_size), stride=(1, stride), padding=(0, padding))
    conv.weight.data = conv.weight.data.contiguous(memory_format=torch.channels_last)
    return conv


class FoldedConv(nn.Conv2d):
    """A strided convolution over time as one without a stride, which is faster, above all where there are few channels.

    As many samples as the stride has become the channels of one step: with the channels last in memory that is the same
    memory. The stride divides the length of a filter.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Map [batch, channel, 1, time] to [batch, filter, 1, step], with the filters last in memory."""
        stride, zeros, taps = self.stride[1], int(self.padding[1]), self.kernel_size[1]
        steps = (x.shape[3] + 2 * zeros - taps) // stride + 1
        length = (steps - 1) * stride + taps
        samples = F.pad(x, (zeros, length - x.shape[3] - zeros)).squeeze(2).transpose(1, 2)
        folded = samples.reshape(x.shape[0], length // stride, stride * x.shape[1]).transpose(1, 2).unsqueeze(2)
        weight = self.weight.reshape(*self.weight.shape[:2], -1, stride).permute(0, 3, 1, 2).flatten(1, 2).unsqueeze(2)
        return F.conv2d(folded, weight.contiguous(memory_format=torch.channels_last), self.bias)
