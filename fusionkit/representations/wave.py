"""The waveform itself."""

from __future__ import annotations

from torch import Tensor

from fusionkit.interfaces import CHANNEL_TIME, Representation, SignalSpec
from fusionkit.layers.view_scaling import ScaleOption, scale_view


class Wave(Representation):
    """The waveform, scaled.

    Maps [batch, channel, time] to the same shape. Every channel of every sample is scaled by its own statistics over
    time, so the unit of the signal does not matter unless ``scale`` is none. A constant channel becomes zero under
    standard and min_max.
    """

    axes = CHANNEL_TIME

    def __init__(self, _signal: SignalSpec, /, *, scale: ScaleOption = "standard") -> None:
        super().__init__()
        self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        """Map signals [batch, channel, time] to views of the same shape."""
        return scale_view(x, self.scale, (-1,))
