"""Cutting a view into patches."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


class PatchEmbedding(nn.Module):
    """A linear map of every patch of a view, after zeros at the end of an axis that the patches do not divide.

    Parameters
    ----------
    view_shape : tuple of int
        Channels, frequency rows and time columns.
    patch_size : tuple of int
        Rows and columns of a patch.
    embed_dim : int
        Width of a token.

    Attributes
    ----------
    grid : tuple of int
        Patches along frequency and along time.
    """

    def __init__(self, view_shape: tuple[int, ...], patch_size: tuple[int, int], embed_dim: int) -> None:
        super().__init__()
        channels, freq, time = view_shape
        rows, columns = patch_size
        self.grid = (-(-freq // rows), -(-time // columns))
        self.padding = (0, self.grid[1] * columns - time, 0, self.grid[0] * rows - freq)
        self.project = nn.Conv2d(channels, embed_dim, patch_size, stride=patch_size)

    def forward(self, view: Tensor) -> Tensor:
        """Map views [batch, channel, freq, time] to tokens [batch, token, embed_dim], row after row."""
        patches: Tensor = self.project(F.pad(view, self.padding) if any(self.padding) else view)
        # Each token in one piece of memory: everything that reads it, layer after layer, would copy it otherwise.
        return patches.flatten(2).transpose(1, 2).contiguous()
