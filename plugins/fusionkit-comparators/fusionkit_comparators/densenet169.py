"""DenseNet-169."""

from __future__ import annotations

from fusionkit.interfaces import CHANNEL_FREQ_TIME, Encoder, Features
from torch import Tensor

from fusionkit_comparators.timm_loader import says_if_unavailable
from fusionkit_comparators.timm_network import DropRateOption, TimmNetwork


@says_if_unavailable
class DenseNet169(Encoder):
    """DenseNet-169: four blocks in which every layer reads all layers before it [1]_.

    Tokens are the places of the last map [batch, place, 1664], row after row; the vector is their mean. Views have at
    least 29 rows and columns.

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
    .. [1] G. Huang, Z. Liu, L. van der Maaten, K. Q. Weinberger, "Densely connected convolutional networks", CVPR 2017,
       doi:10.1109/CVPR.2017.243.
    """

    accepts = (CHANNEL_FREQ_TIME,)

    def __init__(self, view_shape: tuple[int, ...], /, *, drop_rate: DropRateOption = 0.0) -> None:
        super().__init__()
        owner = "encoder 'densenet169'"
        self.features = TimmNetwork("densenet169", view_shape, drop_rate=drop_rate, smallest=29, owner=owner)
        self.token_dim, self.embed_dim = self.features.token_dim, self.features.embed_dim

    def forward(self, view: Tensor) -> Features:
        """Map views [batch, channel, freq, time] to features."""
        features: Features = self.features(view)
        return features
