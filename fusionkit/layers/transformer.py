"""One block of a transformer encoder."""

from __future__ import annotations

from torch import Tensor, nn

from fusionkit.layers.attention import MultiHeadAttention
from fusionkit.layers.dropout import Dropout


class TransformerBlock(nn.Module):
    """Self-attention and a two-layer perceptron, each with a residual connection and a LayerNorm.

    Pre-norm: ``x + attention(norm(x))``, then ``x + mlp(norm(x))``. Post-norm [1]_: ``norm(x + attention(x))``, then
    ``norm(x + mlp(x))``. Post-norm with ReLU and one drop rate for all is `torch.nn.TransformerEncoderLayer`.

    Parameters
    ----------
    dim : int
        Width of a token.
    num_heads : int
        Attention heads; divides ``dim``.
    hidden_dim : int
        Width of the hidden layer of the perceptron.
    norm_first : bool
        Pre-norm or post-norm.
    activation : type of nn.Module
        Activation of the hidden layer.
    activate_output : bool
        Whether the second layer of the perceptron has the activation too.
    drop_rate : float
        Dropout probability after both layers of the perceptron.
    attn_drop_rate : float
        Dropout probability of the attention weights.
    proj_drop_rate : float
        Dropout probability of the output of the attention.
    norm_eps : float
        What LayerNorm adds to the variance.

    References
    ----------
    .. [1] A. Vaswani et al., "Attention is all you need", 2017, doi:10.48550/arXiv.1706.03762.
    """

    def __init__(
        self,
        dim: int,
        *,
        num_heads: int,
        hidden_dim: int,
        norm_first: bool,
        activation: type[nn.Module],
        activate_output: bool = False,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        proj_drop_rate: float = 0.0,
        norm_eps: float = 1e-5,
    ) -> None:
        super().__init__()
        self.norm_first = norm_first
        self.attn_norm = nn.LayerNorm(dim, eps=norm_eps)
        self.attn = MultiHeadAttention(
            dim, dim, num_heads=num_heads, head_dim=dim // num_heads, out_dim=dim, drop_rate=attn_drop_rate
        )
        self.attn_drop = Dropout(proj_drop_rate)
        self.mlp_norm = nn.LayerNorm(dim, eps=norm_eps)
        self.mlp = nn.Sequential(
            nn.Linear(dim, hidden_dim),
            activation(),
            Dropout(drop_rate),
            nn.Linear(hidden_dim, dim),
            activation() if activate_output else nn.Identity(),
            Dropout(drop_rate),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map tokens [batch, token, dim] to tokens of the same shape."""
        if self.norm_first:
            x = x + self._attend(self.attn_norm(x))
            output: Tensor = x + self.mlp(self.mlp_norm(x))
        else:
            x = self.attn_norm(x + self._attend(x))
            output = self.mlp_norm(x + self.mlp(x))
        return output

    def _attend(self, x: Tensor) -> Tensor:
        attended: Tensor = self.attn_drop(self.attn(x, x))
        return attended
