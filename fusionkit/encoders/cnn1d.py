"""One-dimensional convolutional network."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from fusionkit.errors import UsageError
from fusionkit.interfaces import CHANNEL_TIME, Encoder, Features
from fusionkit.layers.convolution import convolution, same_padding
from fusionkit.layers.dropout import Dropout
from fusionkit.layers.initialisation import initialise_keras
from fusionkit.layers.time_pool import TimePool, pool_early
from fusionkit.options import Option

_ENOUGH_STEPS = 16


class CNN1d(Encoder):
    """Blocks of strided convolution, activation, BatchNorm and max-pooling over time, averaged and embedded.

    Tokens are the time steps of the last map [batch, step, channels[-1]]; the vector is a linear layer over their mean
    [batch, embed_dim].

    Parameters
    ----------
    view_shape : tuple of int
        Channels and samples of a view.

    Raises
    ------
    UsageError
        If no time step would be left, or ``pool_sizes`` does not have a number a block.

    References
    ----------
    .. [1] S. Kiranyaz et al., "1D convolutional neural networks and applications: a survey", Mechanical Systems and
       Signal Processing, 2021, doi:10.1016/j.ymssp.2020.107398.
    """

    accepts = (CHANNEL_TIME,)

    def __init__(
        self,
        view_shape: tuple[int, ...],
        /,
        *,
        channels: Annotated[tuple[int, ...], Option("Filters of each block.", ge=1)] = (64, 128, 256),
        kernel_size: Annotated[int, Option("Length of a filter, in samples.", ge=1)] = 16,
        stride: Annotated[
            int | None,
            Option(
                "Step of the convolutions, in samples; none: with pool_sizes, the first stride and pool of 4 and 4, "
                "4 and 2, 2 and 2, 2 and 1, 1 and 1 that leaves at least 16 time steps.",
                ge=1,
            ),
        ] = None,
        pool_sizes: Annotated[
            tuple[int, ...] | None,
            Option(
                "Max-pooling at the end of each block, in steps, 1 for none of it; none: chosen with stride, "
                "and 1 in the last block.",
                ge=1,
            ),
        ] = None,
        padding: Annotated[
            Literal["same", "valid"],
            Option("Zeros around the input of a convolution: so many that a step in every stride is kept, or none."),
        ] = "same",
        order: Annotated[
            Literal["conv-act-norm", "conv-norm-act"], Option("Order of activation and normalisation in a block.")
        ] = "conv-norm-act",
        norm: Annotated[Literal["batch", "none"], Option("Normalisation: BatchNorm or none.")] = "batch",
        norm_eps: Annotated[float, Option("What BatchNorm adds to the variance.", gt=0)] = 1e-5,
        norm_momentum: Annotated[
            float, Option("Weight of the newest batch in the running statistics of BatchNorm.", gt=0, le=1)
        ] = 0.1,
        activation: Annotated[Literal["relu", "leaky_relu", "gelu"], Option("Activation of the blocks.")] = "relu",
        embed_dim: Annotated[int, Option("Width of the vector.", ge=1)] = 64,
        head_activation: Annotated[bool, Option("Whether the vector passes a ReLU.")] = True,
        drop_rate: Annotated[float, Option("Dropout probability of the averaged map.", ge=0, lt=1)] = 0.0,
        initialisation: Annotated[
            Literal["torch", "keras"], Option("Initial weights: as PyTorch or as Keras (Glorot uniform) draws them.")
        ] = "torch",
    ) -> None:
        super().__init__()
        if pool_sizes is not None and len(pool_sizes) != len(channels):
            raise UsageError(
                f"encoder 'cnn1d': pool_sizes has {len(pool_sizes)} numbers for {len(channels)} blocks; "
                "expected one a block, as in channels"
            )
        in_channels, samples = view_shape
        for auto_stride, auto_pool in ((4, 4), (4, 2), (2, 2), (2, 1), (1, 1)):
            step = stride or auto_stride
            pools = pool_sizes or (*(auto_pool for _ in channels[1:]), 1)
            lengths = _lengths(samples, kernel_size, step, pools, padding)
            if lengths[-1] >= _ENOUGH_STEPS:
                break
        if lengths[-1] < 1:
            smallest = next(n for n in itertools.count(1) if _lengths(n, kernel_size, step, pools, padding)[-1] >= 1)
            raise UsageError(
                f"encoder 'cnn1d': a view of {samples} samples is too short; expected at least {smallest} with "
                f"kernel_size {kernel_size}, stride {step} and pool_sizes {','.join(map(str, pools))}"
            )
        self.embed_dim = embed_dim
        self.token_dim = channels[-1]
        self.initialisation = initialisation
        activations: dict[str, Callable[[], nn.Module]] = {
            "relu": lambda: nn.ReLU(inplace=True),
            "leaky_relu": lambda: nn.LeakyReLU(inplace=True),
            "gelu": nn.GELU,
        }
        blocks: list[nn.Module] = []
        for width_in, width, length, pool in zip((in_channels, *channels), channels, lengths, pools, strict=False):
            before, after = same_padding(length, kernel_size, step) if padding == "same" else (0, 0)
            if after > before:
                blocks.append(nn.ConstantPad2d((0, after - before, 0, 0), 0.0))
            blocks.append(convolution(width_in, width, kernel_size, stride=step, padding=before))
            normalise = [nn.BatchNorm2d(width, eps=norm_eps, momentum=norm_momentum)] if norm == "batch" else []
            activate = activations[activation]()
            blocks.extend([activate, *normalise] if order == "conv-act-norm" else [*normalise, activate])
            if pool > 1:
                blocks.append(TimePool(pool))
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Sequential(
            Dropout(drop_rate),
            nn.Linear(channels[-1], embed_dim),
            nn.ReLU() if head_activation else nn.Identity(),
        )
        if initialisation == "keras":
            initialise_keras(self)

    def forward(self, view: Tensor) -> Features:
        """Map views [batch, channel, time] to features."""
        # Two-dimensional layers, since PyTorch keeps channels last in memory, which is faster, in images alone.
        steps = view.unsqueeze(2)
        fixed = not (self.training or torch.is_grad_enabled() or torch.compiler.is_compiling())
        for layer in pool_early(self.blocks) if fixed else self.blocks:
            steps = layer(steps)
        steps = steps.squeeze(2)
        return Features(tokens=steps.transpose(1, 2), vector=self.head(steps.mean(dim=-1)))

    def classifier(self, num_outputs: int, /) -> nn.Module:
        """Return a linear head that starts as the encoder does."""
        head = super().classifier(num_outputs)
        if self.initialisation == "keras":
            initialise_keras(head)
        return head


def _lengths(samples: int, kernel_size: int, stride: int, pools: Sequence[int], padding: str) -> list[int]:
    """Return the length of the input of each block and of the last map; 0 where nothing is left."""
    lengths = [samples]
    for pool in pools:
        length = lengths[-1] if padding == "same" else lengths[-1] - kernel_size + 1
        lengths.append(-(-max(length, 0) // stride) // pool)
    return lengths
