"""Feature-level fusion by concatenation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import torch
from torch import Tensor, nn

from fusionkit.interfaces import BranchSpec, Features, Fuser
from fusionkit.layers.fusion_head import (
    Activation,
    DropRate,
    HeadNorm,
    HiddenDim,
    Initialisation,
    ProjectNorm,
    branch_projections,
    fusion_head,
)
from fusionkit.layers.initialisation import initialise_keras
from fusionkit.options import Option


class Concat(Fuser):
    """Concatenates the vectors of all branches: ``logits = head([v_1; ...; v_B])``.

    With ``fusion_dim`` every vector is projected first: ``v_b <- W_b LayerNorm(v_b) + c_b``. The defaults are the head
    of AudioFuse [1]_; ``fusion_dim=64, hidden_dim=10, activation="none", head_norm=True, drop_rate=0`` is the
    concatenation of Vindas et al. [2]_.

    Parameters
    ----------
    branches : sequence of BranchSpec
        The branches; their vectors are joined in this order.
    num_outputs : int
        Logits a sample.

    Raises
    ------
    UsageError
        If a vector of one number would be normalised.

    References
    ----------
    .. [1] Siddiqui and Saha, "AudioFuse: unified spectral-temporal learning via a hybrid ViT-1D CNN architecture for
       robust phonocardiogram classification".
    .. [2] Vindas et al., "An hybrid CNN-Transformer model based on multi-feature extraction and attention fusion
       mechanism for cerebral emboli classification", MLHC 2022, PMLR 182.
    """

    def __init__(
        self,
        branches: Sequence[BranchSpec],
        num_outputs: int,
        /,
        *,
        fusion_dim: Annotated[
            int | None, Option("Width to which the vector of every branch is projected; none: not projected.", ge=1)
        ] = None,
        project_norm: ProjectNorm = True,
        hidden_dim: HiddenDim = 192,
        activation: Activation = "relu",
        head_norm: HeadNorm = False,
        drop_rate: DropRate = 0.5,
        initialisation: Initialisation = "torch",
    ) -> None:
        super().__init__()
        if fusion_dim is None:
            self.projections = nn.ModuleList(nn.Identity() for _ in branches)
            width = sum(branch.embed_dim for branch in branches)
        else:
            self.projections = branch_projections(branches, fusion_dim, project_norm)
            width = fusion_dim * len(branches)
        self.head = fusion_head(
            width, num_outputs, hidden_dim=hidden_dim, activation=activation, head_norm=head_norm, drop_rate=drop_rate
        )
        if initialisation == "keras":
            initialise_keras(self)

    def forward(self, features: Sequence[Features]) -> Tensor:
        """Map the features of every branch to logits [batch, num_outputs]."""
        vectors = [project(feature.vector) for project, feature in zip(self.projections, features, strict=True)]
        logits: Tensor = self.head(torch.cat(vectors, dim=1))
        return logits
