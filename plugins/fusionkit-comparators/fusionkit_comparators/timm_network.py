"""A convolutional network of timm as a source of features."""

from __future__ import annotations

from typing import Annotated

from fusionkit.errors import UsageError
from fusionkit.interfaces import Features
from fusionkit.options import Option
from torch import Tensor, nn

from fusionkit_comparators.timm_loader import load_timm

DropRateOption = Annotated[float, Option("Dropout probability of the pooled features, in training.", ge=0, lt=1)]


class TimmNetwork(nn.Module):
    """A network without its classifier, initialised at random.

    Parameters
    ----------
    model : str
        Name of the network in timm.
    view_shape : tuple of int
        Channels, frequency rows and time columns of a view.
    drop_rate : float
        Dropout probability of the pooled features.
    smallest : int
        Least rows and columns that reach the last layer.
    owner : str
        How an error names the encoder.

    Raises
    ------
    PluginError
        If timm cannot be imported.
    UsageError
        If the view is too small.
    """

    def __init__(
        self, model: str, view_shape: tuple[int, ...], /, *, drop_rate: float, smallest: int = 1, owner: str
    ) -> None:
        super().__init__()
        channels, *sides = view_shape
        timm = load_timm(owner)
        if min(sides) < smallest:
            raise UsageError(
                f"{owner}: the view has {sides[0]} rows and {sides[1]} columns; it takes at least {smallest} of each, "
                "so choose a larger size of the representation, such as 224,224"
            )
        self.network = timm.create_model(model, pretrained=False, in_chans=channels, num_classes=0, drop_rate=drop_rate)
        self.token_dim: int = self.network.num_features
        self.embed_dim: int = self.network.head_hidden_size

    def forward(self, view: Tensor) -> Features:
        """Map views [batch, channel, freq, time] to features."""
        places = self.network.forward_features(view)
        return Features(tokens=places.flatten(2).transpose(1, 2), vector=self.network.forward_head(places))
