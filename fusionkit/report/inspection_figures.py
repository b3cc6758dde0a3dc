"""The figures of an inspection: histograms as SVG, and pictures of recordings as PNG."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray

from fusionkit.interfaces import SignalSpec
from fusionkit.registry import Component
from fusionkit.report.svg_text import STYLE, svg_text

_LOG_FROM = 50  # times as many in the fullest bar as in the emptiest
_MOST_POINTS = 4000


def histogram(values: NDArray[np.float64], label: str) -> str:
    """Return how often values occur, as SVG; with a logarithmic axis where counts differ widely."""
    values = values.round(6)  # what differs by less differs by rounding
    edges = np.histogram_bin_edges(values, bins=min(40, max(1, round(len(values) ** 0.5))))
    counts, edges = np.histogram(values, edges)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.2, 2.3), layout="constrained")
        axes = figure.subplots()
        axes.stairs(counts, edges, fill=True)
        if counts.max() > _LOG_FROM * counts[counts > 0].min():
            axes.set_yscale("log", nonpositive="clip")
            axes.yaxis.set_major_formatter("{x:g}")
            axes.set_ylim(bottom=0.5)
        axes.set(xlabel=label, ylabel="recordings")
        return svg_text(figure)


def bars(counts: Mapping[str, int], label: str) -> str:
    """Return a horizontal bar for each name, as SVG; with a logarithmic axis where counts differ widely."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.2, 0.9 + 0.28 * len(counts)), layout="constrained")
        axes = figure.subplots()
        shown = axes.barh(list(counts), list(counts.values()))
        axes.bar_label(shown, padding=3)
        axes.margins(x=0.15)
        axes.invert_yaxis()
        if max(counts.values()) > _LOG_FROM * max(1, min(counts.values())):
            axes.set_xscale("log", nonpositive="clip")
            axes.xaxis.set_major_formatter("{x:g}")
            axes.set_xlim(left=0.5)
        axes.set(xlabel="recordings", title=label)
        return svg_text(figure)


def picture(
    samples: NDArray[np.float32], sample_rate: float, representation: Component, options: Mapping[str, Any]
) -> tuple[str, str]:
    """Draw one channel of a recording in a representation.

    Parameters
    ----------
    samples : ndarray [channel, time]
        The first channel is drawn.
    sample_rate : float
        In Hz.
    representation : Component
        Called with these samples as one window.
    options : mapping
        Its options.

    Returns
    -------
    tuple of str
        A PNG as data URI and the shape of the view; or nothing and why the representation refuses.
    """
    channels, length = samples.shape
    try:
        module = representation.create(SignalSpec(channels, length, sample_rate), options=options)
        with torch.no_grad():
            view: NDArray[np.float32] = module.eval()(torch.from_numpy(samples)[None])[0].numpy()
    except Exception as error:  # a plugin may raise anything: its cell says so
        return "", " ".join(f"refused: {error}".split())
    if not np.isfinite(view).all():
        return "", "refused: the view has NaN or infinite values"
    seconds = length / sample_rate
    with mpl.rc_context({**STYLE, "agg.path.chunksize": 10_000}):
        figure = Figure(figsize=(3.0, 1.6), layout="constrained", dpi=80)
        axes = figure.subplots()
        if view.ndim == 2:
            axes.plot(np.linspace(0, seconds, view.shape[1]), view[0], linewidth=0.5)
            axes.set_xlim(0, seconds)
        else:
            _map(axes, view[0], seconds)
        axes.set(xlabel="s")
        stream = io.BytesIO()
        figure.savefig(stream, format="png")
    return f"data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()}", " x ".join(map(str, view.shape))


def _map(axes: Any, view: NDArray[np.float32], seconds: float) -> None:
    shown = view[:, :: max(1, view.shape[1] // _MOST_POINTS)]
    axes.imshow(
        shown,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        extent=(0, seconds, 0, len(view)),
        cmap="magma",
    )
    axes.set_ylabel("row")
