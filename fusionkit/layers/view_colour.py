"""A map as a colour image."""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from fusionkit.layers.view_scaling import scale_view
from fusionkit.options import Option

ColourMap = Literal["none", "viridis"]
ColourOption = Annotated[
    ColourMap,
    Option(
        "Colour the map from its smallest to its largest value: red, green and blue become the channels; none: each "
        "channel of the signal keeps a map of its own."
    ),
]


class Colouring(nn.Module):
    r"""Colours a map from its smallest to its largest value, as an image viewer does.

    With the map scaled to :math:`u \in [0, 1]` for each sample alone, the colour is entry
    :math:`\min(\lfloor 256 u \rfloor, 255)` of the table of 256 colours. A constant map takes the first colour.

    Parameters
    ----------
    colour_map : str
        Name of a map of matplotlib.
    """

    table: Tensor

    def __init__(self, colour_map: str, /) -> None:
        super().__init__()
        from matplotlib import colormaps  # takes half a second to import, and few need it

        colours = colormaps[colour_map].resampled(256)(range(256))[:, :3]
        self.register_buffer("table", torch.from_numpy(colours).float(), persistent=False)

    def forward(self, view: Tensor) -> Tensor:
        """Map maps [batch, 1, freq, time] to red, green and blue, 0 to 1 [batch, 3, freq, time]."""
        unit = scale_view(view, "min_max", (-2, -1))[:, 0]
        colours = self.table[(unit * len(self.table)).long().clamp(max=len(self.table) - 1)]
        return colours.movedim(-1, 1)
