"""Feature-level fusion by feature-wise linear modulation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from fusionkit.interfaces import BranchSpec, Features, Fuser
from fusionkit.layers.branch_index import branch_index
from fusionkit.layers.fusion_head import Activation, DropRate, HeadNorm, HiddenDim, Initialisation, fusion_head
from fusionkit.layers.initialisation import initialise_keras
from fusionkit.options import Option


class FiLM(Fuser):
    """One branch is modulated, feature by feature, by all others [1]_.

    With ``u`` the vectors of all other branches, concatenated in their order, ``gamma = G u + g`` and
    ``beta = B u + b``. Reading the vector ``v`` of the modulated branch, ``logits = head(gamma * v + beta)``. Reading
    its tokens ``t_i``, ``logits = head([mean_i relu(gamma * t_i + beta); v])``: without the relu this would modulate no
    more than the mean of the tokens, and ``v`` is there so that the whole encoder learns. With ``gate``, ``gamma`` goes
    through a sigmoid.

    Parameters
    ----------
    branches : sequence of BranchSpec
        Two or more branches.
    num_outputs : int
        Logits a sample.

    Raises
    ------
    UsageError
        If ``modulated`` is not a branch of the model, or a vector of one number would be normalised.

    References
    ----------
    .. [1] Perez et al., "FiLM: visual reasoning with a general conditioning layer", AAAI 2018,
       doi:10.1609/aaai.v32i1.11671.
    """

    min_branches = 2

    def __init__(
        self,
        branches: Sequence[BranchSpec],
        num_outputs: int,
        /,
        *,
        modulated: Annotated[
            int, Option("Index of the branch that the others modulate; 0 is the first, -1 the last.")
        ] = 0,
        reads: Annotated[Literal["vector", "tokens"], Option("What of that branch is modulated.")] = "vector",
        gate: Annotated[bool, Option("Pass gamma through a sigmoid.")] = False,
        identity_init: Annotated[
            bool, Option("Start the bias of gamma at one and of beta at zero, that is near f = 1 f + 0.")
        ] = True,
        hidden_dim: HiddenDim = 192,
        activation: Activation = "relu",
        head_norm: HeadNorm = False,
        drop_rate: DropRate = 0.5,
        initialisation: Initialisation = "torch",
    ) -> None:
        super().__init__()
        self.modulated = branch_index(modulated, len(branches), "fuser 'film': option 'modulated'")
        self.reads_tokens = reads == "tokens"
        self.gate = gate
        target = branches[self.modulated]
        width = target.token_dim if self.reads_tokens else target.embed_dim
        condition_dim = sum(branch.embed_dim for i, branch in enumerate(branches) if i != self.modulated)
        self.gamma = nn.Linear(condition_dim, width)
        self.beta = nn.Linear(condition_dim, width)
        self.head = fusion_head(
            width + target.embed_dim if self.reads_tokens else width,
            num_outputs,
            hidden_dim=hidden_dim,
            activation=activation,
            head_norm=head_norm,
            drop_rate=drop_rate,
        )
        if initialisation == "keras":
            initialise_keras(self)
        if identity_init:
            nn.init.ones_(self.gamma.bias)
            nn.init.zeros_(self.beta.bias)

    def forward(self, features: Sequence[Features]) -> Tensor:
        """Map the features of every branch to logits [batch, num_outputs]."""
        condition = torch.cat([feature.vector for i, feature in enumerate(features) if i != self.modulated], dim=1)
        gamma, beta = self.gamma(condition), self.beta(condition)
        if self.gate:
            gamma = gamma.sigmoid()
        target = features[self.modulated]
        if self.reads_tokens:
            tokens = torch.relu(gamma[:, None] * target.tokens + beta[:, None])
            fused = torch.cat([tokens.mean(dim=1), target.vector], dim=1)
        else:
            fused = gamma * target.vector + beta
        logits: Tensor = self.head(fused)
        return logits
