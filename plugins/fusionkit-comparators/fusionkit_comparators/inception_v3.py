"""Inception-v3."""

from __future__ import annotations

from fusionkit.interfaces import CHANNEL_FREQ_TIME, Encoder, Features
from torch import Tensor

from fusionkit_comparators.timm_loader import says_if_unavailable
from fusionkit_comparators.timm_network import DropRateOption, TimmNetwork


@says_if_unavailable
class InceptionV3(Encoder):
    """Inception-v3: factorised convolutions of several sizes side by side, without the auxiliary classifier [1]_.

    Tokens are the places of the last map [batch, place, 2048], row after row; the vector is their mean. Views have at
    least 75 rows and columns.

    Parameters
    ----------
    view_shape : tuple of int
        Channels, frequency rows and time columns of a view.

    Raises
    ------
    PluginError
        If timm cannot be imported.
    UsageError
        If the view is smaller.

    References
    ----------
    .. [1] C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens, Z. Wojna, "Rethinking the Inception architecture for computer
       vision", CVPR 2016, doi:10.1109/CVPR.2016.308.
    """

    accepts = (CHANNEL_FREQ_TIME,)

    def __init__(self, view_shape: tuple[int, ...], /, *, drop_rate: DropRateOption = 0.0) -> None:
        super().__init__()
        owner = "encoder 'inception_v3'"
        self.features = TimmNetwork("inception_v3", view_shape, drop_rate=drop_rate, smallest=75, owner=owner)
        self.token_dim, self.embed_dim = self.features.token_dim, self.features.embed_dim

    def forward(self, view: Tensor) -> Features:
        """Map views [batch, channel, freq, time] to features."""
        features: Features = self.features(view)
        return features
