"""Convolutions over time and a transformer on top."""

from __future__ import annotations

import copy
import itertools
import math
from typing import Annotated, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fusionkit.errors import UsageError
from fusionkit.interfaces import CHANNEL_TIME, Encoder, Features
from fusionkit.layers.dropout import Dropout
from fusionkit.layers.initialisation import initialise_kaiming_normal
from fusionkit.layers.positions import sinusoidal
from fusionkit.layers.transformer import TransformerBlock
from fusionkit.options import Option

_MOST_STEPS = 2048
_MOST_TOKENS = 64


class CNNTransformer(Encoder):
    """Convolutions shorten a signal to a few tokens, which attend to each other and to a class token.

    After [1]_: two convolutions, then halvings (a convolution of length 3 and max-pooling by 2), all with LeakyReLU.
    The sequence, class token first, is multiplied by the root of its width before positions are added. Tokens are the
    time steps [batch, step, embed_dim], the vector is the class token [batch, embed_dim].

    Parameters
    ----------
    view_shape : tuple of int
        Channels and samples of a view.

    Raises
    ------
    UsageError
        If no time step would be left, or the heads do not divide the width.

    References
    ----------
    .. [1] Y. Vindas et al., "An hybrid CNN-Transformer model based on multi-feature extraction and attention fusion
       mechanism for cerebral emboli classification", MLHC 2022, PMLR 182.
    """

    accepts = (CHANNEL_TIME,)
    positions: Tensor | None

    def __init__(
        self,
        view_shape: tuple[int, ...],
        /,
        *,
        embed_dim: Annotated[int, Option("Width of the convolutions, of a token and of the vector.", ge=1)] = 128,
        stride: Annotated[
            int | None,
            Option(
                "Step s of the first convolution, of length 2 s + 1, in samples; "
                "none: the least power of two that leaves at most 2048 steps.",
                ge=1,
            ),
        ] = None,
        n_conv: Annotated[
            int | None, Option("Number of halvings; none: as many as leave at most 64 tokens.", ge=0)
        ] = None,
        shared_conv: Annotated[bool, Option("Whether all halvings have the same weights.")] = True,
        positions: Annotated[
            Literal["sinusoidal", "constant", "none"],
            Option(
                "What is added to a token for its place: sines and cosines, the same row of them for every token "
                "(the one after the last), or nothing."
            ),
        ] = "sinusoidal",
        depth: Annotated[int, Option("Number of transformer blocks.", ge=1)] = 4,
        num_heads: Annotated[int, Option("Attention heads; must divide embed_dim.", ge=1)] = 8,
        mlp_ratio: Annotated[float, Option("Hidden width of the perceptrons, in units of embed_dim.", gt=0)] = 2.0,
        norm_first: Annotated[
            bool,
            Option("Whether LayerNorm stands before attention and perceptrons, and once at the end, or after each."),
        ] = True,
        drop_rate: Annotated[
            float, Option("Dropout probability of the embedded tokens, attention outputs and perceptrons.", ge=0, lt=1)
        ] = 0.1,
        attn_drop_rate: Annotated[float, Option("Dropout probability of the attention weights.", ge=0, lt=1)] = 0.0,
        identical_layers: Annotated[
            bool, Option("Whether all transformer blocks start with the same weights.")
        ] = False,
        initialisation: Annotated[
            Literal["kaiming_normal", "torch"],
            Option("Initial weights of the convolutions: normal, scaled for LeakyReLU (He), or as PyTorch draws them."),
        ] = "kaiming_normal",
        classifier_dim: Annotated[
            int | None,
            Option(
                "Width between the two layers of the natural head, each after a LayerNorm; none: one plain layer.", ge=1
            ),
        ] = None,
    ) -> None:
        super().__init__()
        if embed_dim % num_heads:
            raise UsageError(
                f"encoder 'cnn_transformer': embed_dim is {embed_dim}, which {num_heads} heads do not divide; "
                f"use a multiple, for example {-(-embed_dim // num_heads) * num_heads}"
            )
        in_channels, samples = view_shape
        if stride is None:
            stride = next(s for s in (2**k for k in itertools.count()) if _steps(samples, s, 0) <= _MOST_STEPS)
        if n_conv is None:
            n_conv = next(n for n in itertools.count() if _steps(samples, stride, n) <= _MOST_TOKENS)
        num_tokens = _steps(samples, stride, n_conv)
        if num_tokens < 1:
            smallest = next(n for n in itertools.count(1) if _steps(n, stride, n_conv) >= 1)
            raise UsageError(
                f"encoder 'cnn_transformer': a view of {samples} samples is too short; expected at least {smallest} "
                f"with stride {stride} and n_conv {n_conv}"
            )
        self.embed_dim = self.token_dim = embed_dim
        self.n_conv = n_conv
        self.classifier_dim = classifier_dim
        self.stem = nn.Sequential(
            nn.Conv1d(in_channels, embed_dim, 2 * stride + 1, stride=stride),
            nn.LeakyReLU(),
            nn.Conv1d(embed_dim, embed_dim, 3, padding=1),
            nn.LeakyReLU(),
        )
        convs = min(n_conv, 1) if shared_conv else n_conv
        self.convs = nn.ModuleList(nn.Conv1d(embed_dim, embed_dim, 3) for _ in range(convs))
        if initialisation == "kaiming_normal":
            initialise_kaiming_normal(self)
        self.class_token = nn.Parameter(torch.randn(1, 1, embed_dim))
        table = sinusoidal(num_tokens + 2, embed_dim)
        self.register_buffer(
            "positions", {"sinusoidal": table[:-1], "constant": table[-1:], "none": None}[positions], persistent=False
        )
        self.embed_drop = Dropout(drop_rate)
        blocks = [
            TransformerBlock(
                embed_dim,
                num_heads=num_heads,
                hidden_dim=max(1, round(embed_dim * mlp_ratio)),
                norm_first=norm_first,
                activation=nn.ReLU,
                drop_rate=drop_rate,
                attn_drop_rate=attn_drop_rate,
                proj_drop_rate=drop_rate,
            )
            for _ in range(depth)
        ]
        if identical_layers:
            blocks = [copy.deepcopy(blocks[0]) for _ in blocks]
        self.blocks = nn.Sequential(*blocks)
        self.norm = nn.LayerNorm(embed_dim) if norm_first else nn.Identity()

    def forward(self, view: Tensor) -> Features:
        """Map views [batch, channel, time] to features."""
        steps: Tensor = self.stem(view)
        for index in range(self.n_conv):
            conv = self.convs[index % len(self.convs)]
            steps = F.max_pool1d(F.leaky_relu(conv(steps)), 2)
        x = torch.cat((self.class_token.expand(view.shape[0], -1, -1), steps.transpose(1, 2)), dim=1)
        x = x * math.sqrt(self.embed_dim)
        if self.positions is not None:
            x = x + self.positions
        x = self.norm(self.blocks(self.embed_drop(x)))
        return Features(tokens=x[:, 1:], vector=x[:, 0])

    def classifier(self, num_outputs: int, /) -> nn.Module:
        """Return a linear head, or two linear layers with a LayerNorm before each."""
        if self.classifier_dim is None:
            return super().classifier(num_outputs)
        return nn.Sequential(
            nn.LayerNorm(self.embed_dim),
            nn.Linear(self.embed_dim, self.classifier_dim),
            nn.LayerNorm(self.classifier_dim),
            nn.Linear(self.classifier_dim, num_outputs),
        )


def _steps(samples: int, stride: int, n_conv: int) -> int:
    """Return the time steps after the first two convolutions and the halvings; below 1 where nothing is left."""
    steps = (samples - 2 * stride - 1) // stride + 1
    for _ in range(n_conv):
        steps = (steps - 2) // 2
    return steps
