"""Vision transformer."""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from fusionkit.errors import UsageError
from fusionkit.interfaces import CHANNEL_FREQ_TIME, Encoder, Features
from fusionkit.layers.dropout import Dropout
from fusionkit.layers.initialisation import initialise_keras, initialise_truncated_normal
from fusionkit.layers.patch_embedding import PatchEmbedding
from fusionkit.layers.positions import sinusoidal_2d
from fusionkit.layers.transformer import TransformerBlock
from fusionkit.options import Option


class ViT(Encoder):
    """Vision transformer: the view is cut into patches, which attend to each other in pre-norm blocks.

    Tokens are the patches after the final LayerNorm [batch, patch, embed_dim], row after row; the vector is their mean
    or the class token [batch, embed_dim]. A class token has no position of its own.

    Parameters
    ----------
    view_shape : tuple of int
        Channels, frequency rows and time columns of a view.

    Raises
    ------
    UsageError
        If a patch is larger than the view, or the heads do not divide the width.

    References
    ----------
    .. [1] A. Dosovitskiy et al., "An image is worth 16x16 words", 2021, doi:10.48550/arXiv.2010.11929.
    """

    accepts = (CHANNEL_FREQ_TIME,)
    positions: Tensor | None

    def __init__(
        self,
        view_shape: tuple[int, ...],
        /,
        *,
        patch_size: Annotated[
            tuple[int, ...] | None,
            Option(
                "Frequency rows and time columns of a patch, or one number for both; "
                "none: for each axis the largest of 16, 8, 4, 2, 1 that gives at least 4 patches.",
                ge=1,
            ),
        ] = None,
        embed_dim: Annotated[int, Option("Width of a token and of the vector.", ge=1)] = 128,
        depth: Annotated[int, Option("Number of transformer blocks.", ge=1)] = 4,
        num_heads: Annotated[int, Option("Attention heads; must divide embed_dim.", ge=1)] = 4,
        mlp_ratio: Annotated[float, Option("Hidden width of the perceptrons, in units of embed_dim.", gt=0)] = 2.0,
        mlp_second_activation: Annotated[
            bool, Option("Whether the second layer of the perceptrons has the activation, GELU, too.")
        ] = False,
        drop_rate: Annotated[float, Option("Dropout probability in the perceptrons.", ge=0, lt=1)] = 0.1,
        attn_drop_rate: Annotated[float, Option("Dropout probability of the attention weights.", ge=0, lt=1)] = 0.0,
        embed_drop_rate: Annotated[float, Option("Dropout probability of the embedded patches.", ge=0, lt=1)] = 0.0,
        positions: Annotated[
            Literal["trainable", "fixed", "sinusoidal", "none"],
            Option(
                "What is added to a patch for its place: a trained table, a table drawn uniformly within 0.05 of zero "
                "and never trained, sines and cosines of row and column, or nothing."
            ),
        ] = "trainable",
        pool: Annotated[
            Literal["mean", "token"], Option("The vector: the mean of the patches, or a trained class token.")
        ] = "mean",
        norm_eps: Annotated[float, Option("What LayerNorm adds to the variance.", gt=0)] = 1e-6,
        initialisation: Annotated[
            Literal["truncated_normal", "keras"],
            Option("Initial weights: normal with deviation 0.02, cut at 2, or as Keras draws them (Glorot uniform)."),
        ] = "truncated_normal",
    ) -> None:
        super().__init__()
        if embed_dim % num_heads:
            raise UsageError(
                f"encoder 'vit': embed_dim is {embed_dim}, which {num_heads} heads do not divide; "
                f"use a multiple, for example {-(-embed_dim // num_heads) * num_heads}"
            )
        self.embed_dim = self.token_dim = embed_dim
        self.initialisation = initialisation
        self.patches = PatchEmbedding(view_shape, _patch_size(view_shape, patch_size), embed_dim)
        self.class_token = nn.Parameter(torch.empty(1, 1, embed_dim)) if pool == "token" else None
        self.embed_drop = Dropout(embed_drop_rate)
        self.blocks = nn.Sequential(
            *(
                TransformerBlock(
                    embed_dim,
                    num_heads=num_heads,
                    hidden_dim=max(1, round(embed_dim * mlp_ratio)),
                    norm_first=True,
                    activation=nn.GELU,
                    activate_output=mlp_second_activation,
                    drop_rate=drop_rate,
                    attn_drop_rate=attn_drop_rate,
                    norm_eps=norm_eps,
                )
                for _ in range(depth)
            )
        )
        self.norm = nn.LayerNorm(embed_dim, eps=norm_eps)
        self._initialise(self)
        if self.class_token is not None:
            nn.init.trunc_normal_(self.class_token, std=0.02)
        rows, columns = self.patches.grid
        table = torch.empty(rows * columns, embed_dim)
        if positions == "trainable" and initialisation == "truncated_normal":
            self.positions = nn.Parameter(nn.init.trunc_normal_(table, std=0.02))
        elif positions == "trainable":
            self.positions = nn.Parameter(table.uniform_(-0.05, 0.05))
        elif positions == "fixed":
            self.register_buffer("positions", table.uniform_(-0.05, 0.05))
        else:
            grid = sinusoidal_2d(rows, columns, embed_dim) if positions == "sinusoidal" else None
            self.register_buffer("positions", grid, persistent=False)

    def forward(self, view: Tensor) -> Features:
        """Map views [batch, channel, freq, time] to features."""
        x: Tensor = self.patches(view)
        if self.positions is not None:
            x = x + self.positions
        if self.class_token is not None:
            x = torch.cat((self.class_token.expand(x.shape[0], -1, -1), x), dim=1)
        x = self.norm(self.blocks(self.embed_drop(x)))
        if self.class_token is not None:
            return Features(tokens=x[:, 1:], vector=x[:, 0])
        return Features(tokens=x, vector=x.mean(dim=1))

    def classifier(self, num_outputs: int, /) -> nn.Module:
        """Return a linear head that starts as the encoder does."""
        head = super().classifier(num_outputs)
        self._initialise(head)
        return head

    def _initialise(self, module: nn.Module) -> None:
        (initialise_keras if self.initialisation == "keras" else initialise_truncated_normal)(module)


def _patch_size(view_shape: tuple[int, ...], patch_size: tuple[int, ...] | None) -> tuple[int, int]:
    _, freq, time = view_shape
    if patch_size is None:
        rows, columns = (next(p for p in (16, 8, 4, 2, 1) if p == 1 or -(-size // p) >= 4) for size in (freq, time))
        return rows, columns
    if len(patch_size) > 2:
        raise UsageError(
            f"encoder 'vit': patch_size has {len(patch_size)} numbers; expected rows,columns or one number"
        )
    rows, columns = patch_size[0], patch_size[-1]
    if rows > freq or columns > time:
        raise UsageError(
            f"encoder 'vit': a patch of {rows} x {columns} does not fit into a view of {freq} x {time} (freq x time); "
            f"use patch_size {min(rows, freq)},{min(columns, time)} or less"
        )
    return rows, columns
