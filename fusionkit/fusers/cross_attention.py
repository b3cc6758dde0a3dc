"""Token-level fusion by cross-attention."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import torch
from torch import Tensor, nn

from fusionkit.errors import UsageError
from fusionkit.interfaces import BranchSpec, Features, Fuser
from fusionkit.layers.attention import MultiHeadAttention
from fusionkit.layers.branch_index import branch_index
from fusionkit.layers.fusion_head import Activation, DropRate, HeadNorm, HiddenDim, Initialisation, fusion_head
from fusionkit.layers.initialisation import initialise_keras
from fusionkit.options import Option


class CrossAttention(Fuser):
    """The vector of one branch asks the tokens of every other branch.

    With ``q`` the vector of the query branch, ``v_k`` and ``T_k`` the vector and the tokens of another branch ``k``,
    ``a_k = attention_k(q, T_k)`` is multi-head attention [1]_ with one query, inner width ``num_heads * head_dim``
    and the width of ``q`` at its output; ``logits = head([v_1; a_1; v_2; a_2; ...])`` over the other branches in their
    order. ``q`` itself is not joined: it matters by what it attends to.

    Parameters
    ----------
    branches : sequence of BranchSpec
        Two or more branches.
    num_outputs : int
        Logits a sample.

    Raises
    ------
    UsageError
        If ``query`` is not a branch of the model, another branch has a single token (attention over one key is
        constant, so that the query would not matter), or a vector of one number would be normalised.

    References
    ----------
    .. [1] Vaswani et al., "Attention is all you need", NeurIPS 2017, doi:10.48550/arXiv.1706.03762.
    """

    min_branches = 2

    def __init__(
        self,
        branches: Sequence[BranchSpec],
        num_outputs: int,
        /,
        *,
        query: Annotated[int, Option("Index of the branch that asks; 0 is the first, -1 the last.")] = -1,
        num_heads: Annotated[int, Option("Attention heads.", ge=1)] = 8,
        head_dim: Annotated[int, Option("Width of a head.", ge=1)] = 32,
        attn_drop_rate: Annotated[float, Option("Probability of dropout of an attention weight.", ge=0, lt=1)] = 0.0,
        hidden_dim: HiddenDim = 192,
        activation: Activation = "relu",
        head_norm: HeadNorm = False,
        drop_rate: DropRate = 0.5,
        initialisation: Initialisation = "torch",
    ) -> None:
        super().__init__()
        self.query = branch_index(query, len(branches), "fuser 'cross_attention': option 'query'")
        query_dim = branches[self.query].embed_dim
        others = [branch for i, branch in enumerate(branches) if i != self.query]
        for branch in others:
            if branch.num_tokens < 2:
                raise UsageError(
                    f"fuser 'cross_attention': branch {branch.name!r} has one token, and attention over one token "
                    "is constant; make it the query, give it a longer view, or use concat or film"
                )
        self.attentions = nn.ModuleList(
            MultiHeadAttention(
                query_dim,
                branch.token_dim,
                num_heads=num_heads,
                head_dim=head_dim,
                out_dim=query_dim,
                drop_rate=attn_drop_rate,
            )
            for branch in others
        )
        self.head = fusion_head(
            sum(branch.embed_dim + query_dim for branch in others),
            num_outputs,
            hidden_dim=hidden_dim,
            activation=activation,
            head_norm=head_norm,
            drop_rate=drop_rate,
        )
        if initialisation == "keras":
            initialise_keras(self)

    def forward(self, features: Sequence[Features]) -> Tensor:
        """Map the features of every branch to logits [batch, num_outputs]."""
        query = features[self.query].vector[:, None]
        others = [feature for i, feature in enumerate(features) if i != self.query]
        parts: list[Tensor] = []
        for attention, feature in zip(self.attentions, others, strict=True):
            parts += [feature.vector, attention(query, feature.tokens)[:, 0]]
        logits: Tensor = self.head(torch.cat(parts, dim=1))
        return logits
