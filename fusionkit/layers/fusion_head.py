"""The head that turns a fused vector into logits, and the projections that bring vectors to one width."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from torch import nn

from fusionkit.errors import UsageError
from fusionkit.interfaces import BranchSpec
from fusionkit.layers.dropout import Dropout
from fusionkit.options import Option

ActivationName = Literal["relu", "gelu", "none"]
HiddenDim = Annotated[int | None, Option("Width of the hidden layer of the head; none: one linear layer.", ge=1)]
Activation = Annotated[ActivationName, Option("Activation after the hidden layer of the head.")]
Initialisation = Annotated[
    Literal["torch", "keras"], Option("Initial weights of the fuser: as PyTorch's layers start, or as those of Keras.")
]
HeadNorm = Annotated[bool, Option("Normalise (LayerNorm) the input of every linear layer of the head.")]
DropRate = Annotated[float, Option("Probability of dropout after the hidden layer of the head.", ge=0, lt=1)]
FusionDim = Annotated[int, Option("Width to which the vector of every branch is projected.", ge=1)]
ProjectNorm = Annotated[bool, Option("Normalise (LayerNorm) every vector before its projection.")]


def fusion_head(
    in_dim: int,
    num_outputs: int,
    /,
    *,
    hidden_dim: int | None,
    activation: ActivationName,
    head_norm: bool,
    drop_rate: float,
) -> nn.Sequential:
    """Return a head: [LayerNorm,] Linear, activation, dropout, [LayerNorm,] Linear.

    Parameters
    ----------
    in_dim, num_outputs : int
        Width of the fused vector, logits a sample.
    hidden_dim : int or None
        Width of the hidden layer. None: one ([LayerNorm,] Linear), without activation and dropout.
    activation : 'relu', 'gelu' or 'none'
        Activation after the hidden layer.
    head_norm : bool
        Whether a LayerNorm stands before each Linear.
    drop_rate : float
        Probability of dropout after the hidden layer.

    Raises
    ------
    UsageError
        If a vector of one number would be normalised.
    """
    if hidden_dim is None:
        return nn.Sequential(*_linear(in_dim, num_outputs, head_norm))
    activations = {"relu": nn.ReLU, "gelu": nn.GELU, "none": nn.Identity}
    return nn.Sequential(
        *_linear(in_dim, hidden_dim, head_norm),
        activations[activation](),
        Dropout(drop_rate),
        *_linear(hidden_dim, num_outputs, head_norm),
    )


def branch_projections(branches: Sequence[BranchSpec], fusion_dim: int, norm: bool, /) -> nn.ModuleList:
    """Return for every branch a ([LayerNorm,] Linear) from its vector to a common width.

    Parameters
    ----------
    branches : sequence of BranchSpec
        The branches, in order.
    fusion_dim : int
        The common width.
    norm : bool
        Whether a LayerNorm stands before each Linear.

    Raises
    ------
    UsageError
        If a vector of one number would be normalised.
    """
    return nn.ModuleList(nn.Sequential(*_linear(branch.embed_dim, fusion_dim, norm)) for branch in branches)


def _linear(in_dim: int, out_dim: int, norm: bool) -> list[nn.Module]:
    if norm and in_dim < 2:
        raise UsageError(
            "a fuser cannot normalise a vector of one number (it becomes constant); widen it, or turn norm off"
        )
    return [nn.LayerNorm(in_dim), nn.Linear(in_dim, out_dim)] if norm else [nn.Linear(in_dim, out_dim)]
