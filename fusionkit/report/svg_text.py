"""How figures look, and their text as SVG."""

from __future__ import annotations

import io
import warnings
from typing import Any

from matplotlib.figure import Figure

STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "fusionkit",
    "font.size": 9,
    "text.parse_math": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def svg_text(figure: Figure) -> str:
    """Return a figure as an ``<svg>`` element; call it within the style."""
    stream = io.StringIO()
    with warnings.catch_warnings():
        # Text stays text in an SVG, so a font of this machine that lacks a glyph does not matter.
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)
        figure.savefig(stream, format="svg", metadata={"Date": None})
    text = stream.getvalue()
    return text[text.index("<svg") :]
