"""MobileNetV3-Large."""

from __future__ import annotations

from fusionkit.interfaces import CHANNEL_FREQ_TIME, Encoder, Features
from torch import Tensor

from fusionkit_comparators.timm_loader import says_if_unavailable
from fusionkit_comparators.timm_network import DropRateOption, TimmNetwork


@says_if_unavailable
class MobileNetV3(Encoder):
    """MobileNetV3-Large: inverted residuals with squeeze-and-excitation and hard swish [1]_.

    Tokens are the places of the last map [batch, place, 960], row after row; the vector is their mean, widened by a
    fully connected layer [batch, 1280].

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
    .. [1] A. Howard et al., "Searching for MobileNetV3", ICCV 2019, doi:10.1109/ICCV.2019.00140.
    """

    accepts = (CHANNEL_FREQ_TIME,)

    def __init__(self, view_shape: tuple[int, ...], /, *, drop_rate: DropRateOption = 0.0) -> None:
        super().__init__()
        owner = "encoder 'mobilenet_v3'"
        self.features = TimmNetwork("mobilenetv3_large_100", view_shape, drop_rate=drop_rate, owner=owner)
        self.token_dim, self.embed_dim = self.features.token_dim, self.features.embed_dim

    def forward(self, view: Tensor) -> Features:
        """Map views [batch, channel, freq, time] to features."""
        features: Features = self.features(view)
        return features
