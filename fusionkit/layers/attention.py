"""Multi-head attention."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fusionkit.layers.chunked_attention import ChunkedAttention, attend_without_gradient


class MultiHeadAttention(nn.Module):
    r"""Scaled dot-product attention of queries over keys, in several heads.

    A head computes :math:`\mathrm{softmax}(Q K^\top / \sqrt{d}) V`; the heads are concatenated and projected.
    Self-attention is ``attention(x, x)``; the query and the key may have other widths than the heads. All projections
    have biases, and start as those of `torch.nn.MultiheadAttention` do.

    Parameters
    ----------
    query_dim, key_dim : int
        Width of the query tokens, and of the tokens that give keys and values.
    num_heads, head_dim : int
        Heads, and the width of each.
    out_dim : int
        Width of the output.
    drop_rate : float
        Dropout probability of the attention weights.

    References
    ----------
    .. [1] A. Vaswani et al., "Attention is all you need", 2017, doi:10.48550/arXiv.1706.03762.
    """

    def __init__(
        self, query_dim: int, key_dim: int, *, num_heads: int, head_dim: int, out_dim: int, drop_rate: float = 0.0
    ) -> None:
        super().__init__()
        inner_dim = num_heads * head_dim
        self.num_heads = num_heads
        self.head_dim = head_dim
        self.drop_rate = drop_rate
        self.query = nn.Linear(query_dim, inner_dim)
        self.key_value = nn.Linear(key_dim, 2 * inner_dim)
        self.out = nn.Linear(inner_dim, out_dim)
        for projection in (self.query, self.key_value):
            bound = math.sqrt(6 / (projection.in_features + 3 * inner_dim))
            nn.init.uniform_(projection.weight, -bound, bound)
            nn.init.zeros_(projection.bias)
        nn.init.zeros_(self.out.bias)

    def forward(self, query: Tensor, key_value: Tensor) -> Tensor:
        """Attend.

        Parameters
        ----------
        query : Tensor [batch, query token, query_dim]
            What asks.
        key_value : Tensor [batch, key token, key_dim]
            What is attended to.

        Returns
        -------
        Tensor [batch, query token, out_dim]
        """
        key, value = self.key_value(key_value).chunk(2, dim=-1)
        q, k, v = (self._heads(x) for x in (self.query(query), key, value))
        drop_rate = self.drop_rate if self.training else 0.0
        own_kernels = q.device.type == "cpu" and not torch.compiler.is_compiling()
        if own_kernels and drop_rate:
            attended: Tensor = ChunkedAttention.apply(q, k, v, drop_rate)  # type: ignore[no-untyped-call]
        elif own_kernels and q.dtype is torch.bfloat16 and not torch.is_grad_enabled():
            attended = attend_without_gradient(q, k, v)
        else:
            attended = F.scaled_dot_product_attention(q, k, v, dropout_p=drop_rate)
        output: Tensor = self.out(attended.transpose(1, 2).flatten(2))
        return output

    def _heads(self, x: Tensor) -> Tensor:
        return x.reshape(x.shape[0], x.shape[1], self.num_heads, self.head_dim).transpose(1, 2)
