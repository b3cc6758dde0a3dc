"""Feature-level fusion by gates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import torch
from fusionkit.interfaces import BranchSpec, Features, Fuser
from fusionkit.options import Option
from torch import Tensor, nn


class Gated(Fuser):
    r"""Gated multimodal unit: every sample chooses, feature by feature, which branch it reads [1]_.

    .. math:: \text{logits} = W \sum_b z_b \odot \tanh(W_b v_b + c_b) + c, \qquad
        a_b = U_b [v_1; \ldots; v_B] + d_b

    The gates z are the softmax of a over the branches, or sigmoid(a), each for itself. Over two branches the softmax is
    the paper's unit with :math:`z` and :math:`1 - z`, and the sigmoid is its unit for any number of modalities.

    Parameters
    ----------
    branches : sequence of BranchSpec
        Two or more branches.
    num_outputs : int
        Logits a sample.

    References
    ----------
    .. [1] J. Arevalo et al., "Gated multimodal units for information fusion", 2017, doi:10.48550/arXiv.1702.01992.
    """

    min_branches = 2

    def __init__(
        self,
        branches: Sequence[BranchSpec],
        num_outputs: int,
        /,
        *,
        fusion_dim: Annotated[int, Option("Width to which the vector of every branch is projected.", ge=1)] = 64,
        gate: Annotated[
            Literal["softmax", "sigmoid"], Option("Gates that sum to one over the branches, or free ones.")
        ] = "softmax",
        drop_rate: Annotated[float, Option("Probability of dropout of the fused vector.", ge=0, lt=1)] = 0.0,
    ) -> None:
        super().__init__()
        self.gate = gate
        self.projections = nn.ModuleList(nn.Linear(branch.embed_dim, fusion_dim) for branch in branches)
        self.gates = nn.Linear(sum(branch.embed_dim for branch in branches), len(branches) * fusion_dim)
        self.head = nn.Sequential(nn.Dropout(drop_rate), nn.Linear(fusion_dim, num_outputs))

    def forward(self, features: Sequence[Features]) -> Tensor:
        """Map the features of every branch to logits [batch, num_outputs]."""
        vectors = [feature.vector for feature in features]
        values = torch.stack([project(v).tanh() for project, v in zip(self.projections, vectors, strict=True)], dim=1)
        scores: Tensor = self.gates(torch.cat(vectors, dim=1)).view_as(values)
        gates = scores.softmax(dim=1) if self.gate == "softmax" else scores.sigmoid()
        logits: Tensor = self.head((gates * values).sum(dim=1))
        return logits
