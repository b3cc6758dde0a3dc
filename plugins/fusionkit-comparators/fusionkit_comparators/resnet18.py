"""ResNet-18."""

from __future__ import annotations

from fusionkit.interfaces import CHANNEL_FREQ_TIME, Encoder, Features
from torch import Tensor

from fusionkit_comparators.timm_loader import says_if_unavailable
from fusionkit_comparators.timm_network import DropRateOption, TimmNetwork


@says_if_unavailable
class ResNet18(Encoder):
    """ResNet-18: eight residual blocks of two 3 x 3 convolutions [1]_.

    Tokens are the places of the last map [batch, place, 512], row after row; the vector is their mean.

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
    .. [1] K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning for image recognition", CVPR 2016,
       doi:10.1109/CVPR.2016.90.
    """

    accepts = (CHANNEL_FREQ_TIME,)

    def __init__(self, view_shape: tuple[int, ...], /, *, drop_rate: DropRateOption = 0.0) -> None:
        super().__init__()
        owner = "encoder 'resnet18'"
        self.features = TimmNetwork("resnet18", view_shape, drop_rate=drop_rate, owner=owner)
        self.token_dim, self.embed_dim = self.features.token_dim, self.features.embed_dim

    def forward(self, view: Tensor) -> Features:
        """Map views [batch, channel, freq, time] to features."""
        features: Features = self.features(view)
        return features
