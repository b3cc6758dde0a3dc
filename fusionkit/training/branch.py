"""A branch, as training knows it."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn


@dataclass(frozen=True)
class Branch:
    """An encoder with a name.

    Parameters
    ----------
    name : str
        For example ``mel-vit``.
    encoder : nn.Module
        Maps a view to `Features`.
    classifier : nn.Module, optional
        Maps the vector of the features to logits; it serves training only.
    learning : tuple of Parameter
        Those parameters of the encoder that learn in a stage.
    """

    name: str
    encoder: nn.Module
    classifier: nn.Module | None = None
    learning: tuple[nn.Parameter, ...] = ()
