"""Feature-level fusion by a sum."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

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


class Sum(Fuser):
    """Projects the vector of every branch to a common width and adds them: ``logits = head(sum_b W_b v_b + c_b)``.

    The vector is normalised before its projection (LayerNorm) unless ``project_norm`` is off. ``hidden_dim=10,
    activation="none", head_norm=True, drop_rate=0`` is the sum of Vindas et al. [1]_.

    Parameters
    ----------
    branches : sequence of BranchSpec
        The branches.
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

    def __init__(
        self,
        branches: Sequence[BranchSpec],
        num_outputs: int,
        /,
        *,
        fusion_dim: FusionDim = 64,
        project_norm: ProjectNorm = True,
        hidden_dim: HiddenDim = 192,
        activation: Activation = "relu",
        head_norm: HeadNorm = False,
        drop_rate: DropRate = 0.5,
    ) -> None:
        super().__init__()
        self.projections = branch_projections(branches, fusion_dim, project_norm)
        self.head = fusion_head(
            fusion_dim,
            num_outputs,
            hidden_dim=hidden_dim,
            activation=activation,
            head_norm=head_norm,
            drop_rate=drop_rate,
        )

    def forward(self, features: Sequence[Features]) -> Tensor:
        """Map the features of every branch to logits [batch, num_outputs]."""
        vectors = [project(feature.vector) for project, feature in zip(self.projections, features, strict=True)]
        logits: Tensor = self.head(torch.stack(vectors).sum(dim=0))
        return logits
