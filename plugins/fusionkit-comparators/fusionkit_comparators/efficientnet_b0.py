"""EfficientNet-B0."""

from __future__ import annotations

from fusionkit.interfaces import CHANNEL_FREQ_TIME, Encoder, Features
from torch import Tensor

from fusionkit_comparators.timm_loader import says_if_unavailable
from fusionkit_comparators.timm_network import DropRateOption, TimmNetwork


@says_if_unavailable
class EfficientNetB0(Encoder):
    """EfficientNet-B0: inverted residuals with squeeze-and-excitation, scaled evenly [1]_.

    Tokens are the places of the last map [batch, place, 1280], row after row; the vector is their mean.

    Parameters
    ----------
    view_shape : tuple of int
        Channels, frequency rows and time columns of a view.

    Raises
    ------
    PluginError
        If timm cannot be imported.

    References
    ----------
    .. [1] M. Tan, Q. V. Le, "EfficientNet: rethinking model scaling for convolutional neural networks", ICML 2019,
       PMLR 97, doi:10.48550/arXiv.1905.11946.
    """

    accepts = (CHANNEL_FREQ_TIME,)

    def __init__(self, view_shape: tuple[int, ...], /, *, drop_rate: DropRateOption = 0.0) -> None:
        super().__init__()
        owner = "encoder 'efficientnet_b0'"
        self.features = TimmNetwork("efficientnet_b0", view_shape, drop_rate=drop_rate, owner=owner)
        self.token_dim, self.embed_dim = self.features.token_dim, self.features.embed_dim

    def forward(self, view: Tensor) -> Features:
        """Map views [batch, channel, freq, time] to features."""
        features: Features = self.features(view)
        return features
