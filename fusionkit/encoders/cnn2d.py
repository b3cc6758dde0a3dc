"""Two-dimensional convolutional network."""

from __future__ import annotations

from typing import Annotated, Literal

from torch import Tensor, nn

from fusionkit.interfaces import CHANNEL_FREQ_TIME, Encoder, Features
from fusionkit.layers.dropout import Dropout
from fusionkit.options import Option


class CNN2d(Encoder):
    """Blocks of 3 x 3 convolution, BatchNorm, LeakyReLU and 2 x 2 max-pooling.

    The network of [1]_. A side of the map is halved only while at least two rows or columns are left. Tokens are the
    places of the last map [batch, place, channels[-1]], row after row; the vector is their mean or the whole map.

    Parameters
    ----------
    view_shape : tuple of int
        Channels, frequency rows and time columns of a view.

    References
    ----------
    .. [1] Y. Vindas et al., "An hybrid CNN-Transformer model based on multi-feature extraction and attention fusion
       mechanism for cerebral emboli classification", MLHC 2022, PMLR 182.
    """

    accepts = (CHANNEL_FREQ_TIME,)

    def __init__(
        self,
        view_shape: tuple[int, ...],
        /,
        *,
        channels: Annotated[tuple[int, ...], Option("Filters of each block.", ge=1)] = (32, 64, 128, 256),
        norm_eps: Annotated[float, Option("What BatchNorm adds to the variance.", gt=0)] = 1e-5,
        norm_momentum: Annotated[
            float, Option("Weight of the newest batch in the running statistics of BatchNorm.", gt=0, le=1)
        ] = 0.1,
        pool: Annotated[
            Literal["mean", "flatten"], Option("The vector: the mean over the places of the last map, or all of it.")
        ] = "mean",
        logits_drop_rate: Annotated[
            float, Option("Dropout probability of each logit of the natural head, in training.", ge=0, lt=1)
        ] = 0.0,
    ) -> None:
        super().__init__()
        in_channels, *sides = view_shape
        blocks: list[nn.Module] = []
        for width_in, width in zip((in_channels, *channels), channels, strict=False):
            halved = tuple(2 if side >= 4 else 1 for side in sides)
            sides = [side // factor for side, factor in zip(sides, halved, strict=True)]
            blocks += [
                nn.Conv2d(width_in, width, 3, padding=1),
                nn.BatchNorm2d(width, eps=norm_eps, momentum=norm_momentum),
                nn.LeakyReLU(),
                nn.MaxPool2d(halved),
            ]
        self.blocks = nn.Sequential(*blocks)
        self.pool = pool
        self.logits_drop_rate = logits_drop_rate
        self.token_dim = channels[-1]
        self.embed_dim = channels[-1] * (sides[0] * sides[1] if pool == "flatten" else 1)

    def forward(self, view: Tensor) -> Features:
        """Map views [batch, channel, freq, time] to features."""
        places: Tensor = self.blocks(view).flatten(2)
        vector = places.flatten(1) if self.pool == "flatten" else places.mean(dim=-1)
        return Features(tokens=places.transpose(1, 2), vector=vector)

    def classifier(self, num_outputs: int, /) -> nn.Module:
        """Return a linear head whose logits pass dropout."""
        return nn.Sequential(super().classifier(num_outputs), Dropout(self.logits_drop_rate))
