"""Feature-level fusion by a weighted sum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from fusionkit.interfaces import BranchSpec, Features, Fuser
from fusionkit.layers.fusion_head import (
    Activation,
    DropRate,
    FusionDim,
    HeadNorm,
    HiddenDim,
    ProjectNorm,
    branch_projections,
    fusion_head,
)
from fusionkit.options import Option


class WeightedSum(Fuser):
    """Projects the vector of every branch to a common width and adds them with one learnt weight a branch.

    ``logits = head(sum_b a_b (W_b v_b + c_b))``, where the weights ``a`` are a softmax over the branches, equal at
    first, or free numbers drawn from N(0, 1). The vector is normalised before its projection (LayerNorm) unless
    ``project_norm`` is off. ``weights="free", hidden_dim=10, activation="none", head_norm=True, drop_rate=0`` is the
    weighted sum of Vindas et al. [1]_.

    Parameters
    ----------
    branches : sequence of BranchSpec
        Two or more branches: a softmax over one is constant.
    num_outputs : int
        Logits a sample.

    Raises
    ------
    UsageError
        If a vector of one number would be normalised.

    References
    ----------
    .. [1] Vindas et al., "An hybrid CNN-Transformer model based on multi-feature extraction and attention fusion
       mechanism for cerebral emboli classification", MLHC 2022, PMLR 182.
    """

    min_branches = 2

    def __init__(
        self,
        branches: Sequence[BranchSpec],
        num_outputs: int,
        /,
        *,
        weights: Annotated[
            Literal["softmax", "free"], Option("Weights of the branches: a softmax over them, or free numbers.")
        ] = "softmax",
        fusion_dim: FusionDim = 64,
        project_norm: ProjectNorm = True,
        hidden_dim: HiddenDim = 192,
        activation: Activation = "relu",
        head_norm: HeadNorm = False,
        drop_rate: DropRate = 0.5,
    ) -> None:
        super().__init__()
        self.normalised = weights == "softmax"
        self.weight = nn.Parameter(torch.zeros(len(branches)) if self.normalised else torch.randn(len(branches)))
        self.projections = branch_projections(branches, fusion_dim, project_norm)
        self.head = fusion_head(
            fusion_dim,
            num_outputs,
            hidden_dim=hidden_dim,
            activation=activation,
            head_norm=head_norm,
            drop_rate=drop_rate,
        )

    def branch_weights(self) -> Tensor:
        """Return the weights of the sum [branch]."""
        return self.weight.softmax(dim=0) if self.normalised else self.weight

    def forward(self, features: Sequence[Features]) -> Tensor:
        """Map the features of every branch to logits [batch, num_outputs]."""
        vectors = [project(feature.vector) for project, feature in zip(self.projections, features, strict=True)]
        fused = torch.einsum("b,bne->ne", self.branch_weights(), torch.stack(vectors))
        logits: Tensor = self.head(fused)
        return logits
