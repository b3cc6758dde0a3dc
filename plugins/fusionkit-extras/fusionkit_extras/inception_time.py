"""InceptionTime: convolutions of three lengths side by side."""

from __future__ import annotations

from typing import Annotated

import torch
from fusionkit.interfaces import CHANNEL_TIME, Encoder, Features
from fusionkit.options import Option
from torch import Tensor, nn
from torch.nn import functional as F


class InceptionTime(Encoder):
    """One network of InceptionTime: inception modules at full time resolution, a shortcut around every third [1]_.

    A module narrows its input to ``num_filters`` channels (a convolution of length 1, left out where the input has one
    channel), convolves it with ``num_filters`` filters of ``kernel_size``, half and a quarter of it, sets beside them a
    convolution of length 1 of the maxima of three neighbours, and applies BatchNorm and a ReLU to all four, together
    ``4 * num_filters`` channels. After every third module its input, through a convolution of length 1 and BatchNorm,
    is added to its output, followed by a ReLU.

    Tokens are means over equal parts of the time axis [batch, num_tokens, 4 * num_filters], at most one a sample; the
    vector is the mean over time [batch, 4 * num_filters]. The paper averages five such networks.

    Parameters
    ----------
    view_shape : tuple of int
        Channels and samples of a view.

    References
    ----------
    .. [1] H. Ismail Fawaz et al., "InceptionTime: finding AlexNet for time series classification", Data Mining and
       Knowledge Discovery 34, 2020, doi:10.1007/s10618-020-00710-y.
    """

    accepts = (CHANNEL_TIME,)

    def __init__(
        self,
        view_shape: tuple[int, ...],
        /,
        *,
        depth: Annotated[int, Option("Number of inception modules.", ge=1)] = 6,
        num_filters: Annotated[int, Option("Filters of each length in a module.", ge=1)] = 32,
        kernel_size: Annotated[int, Option("Length of the longest filters, in samples.", ge=4)] = 40,
        num_tokens: Annotated[int, Option("Largest number of tokens.", ge=1)] = 64,
    ) -> None:
        super().__init__()
        channels, samples = view_shape
        width = 4 * num_filters
        self.embed_dim = self.token_dim = width
        self.num_tokens = min(num_tokens, samples)
        self.modules_in_order = nn.ModuleList(
            _Inception(width if index else channels, num_filters, kernel_size) for index in range(depth)
        )
        self.shortcuts = nn.ModuleList(
            nn.Sequential(nn.Conv1d(width if index else channels, width, 1, bias=False), nn.BatchNorm1d(width))
            for index in range(depth // 3)
        )

    def forward(self, view: Tensor) -> Features:
        """Map views [batch, channel, time] to features."""
        x = residual = view
        for index, module in enumerate(self.modules_in_order):
            x = module(x)
            if index % 3 == 2:
                x = residual = F.relu(x + self.shortcuts[index // 3](residual))
        tokens = F.adaptive_avg_pool1d(x, self.num_tokens)
        return Features(tokens=tokens.transpose(1, 2), vector=x.mean(dim=2))


class _Inception(nn.Module):
    def __init__(self, channels: int, num_filters: int, kernel_size: int) -> None:
        super().__init__()
        narrow = channels > 1
        self.bottleneck = nn.Conv1d(channels, num_filters, 1, bias=False) if narrow else nn.Identity()
        self.convolutions = nn.ModuleList(
            nn.Sequential(
                nn.ConstantPad1d(((length - 1) // 2, length // 2), 0.0),
                nn.Conv1d(num_filters if narrow else 1, num_filters, length, bias=False),
            )
            for length in (kernel_size, kernel_size // 2, kernel_size // 4)
        )
        self.maxima = nn.Sequential(
            nn.MaxPool1d(3, stride=1, padding=1), nn.Conv1d(channels, num_filters, 1, bias=False)
        )
        self.norm = nn.BatchNorm1d(4 * num_filters)

    def forward(self, x: Tensor) -> Tensor:
        narrowed = self.bottleneck(x)
        parts = [convolution(narrowed) for convolution in self.convolutions]
        normed: Tensor = self.norm(torch.cat([*parts, self.maxima(x)], dim=1))
        return F.relu(normed)
