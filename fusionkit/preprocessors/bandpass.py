"""A zero-phase Butterworth filter."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from fusionkit.errors import UsageError
from fusionkit.interfaces import Preprocessor
from fusionkit.options import Option
from fusionkit.preprocessors.zero_phase import ZeroPhase


class Bandpass(Preprocessor):
    r"""Zero-phase Butterworth filter: band-pass, or high-pass or low-pass when one edge is none.

    A high-pass and a low-pass in a row run forward and backward over each channel, so that nothing is delayed and the
    gain is the squared one of a pass: but for the warping of the frequency axis by the bilinear transform,

    .. math:: G(f) = \frac{1}{1 + (f_\mathrm{low} / f)^{2n}} \cdot \frac{1}{1 + (f / f_\mathrm{high})^{2n}}

    with n the ``order``: -6 dB at an edge that is far from the other one. The default band is the usual one for heart
    sounds [1]_. Maps [channel, time] to the same shape and unit. ``context`` is the time in which the slowest part of
    the response falls to 1e-5: 0.1 s for the default band, 5.2 s for a second-order high-pass at 0.5 Hz.

    Raises
    ------
    UsageError
        If both edges are none, or not ``low`` < ``high`` < half the sample rate.

    References
    ----------
    .. [1] D. B. Springer, L. Tarassenko, G. D. Clifford, "Logistic regression-HSMM-based heart sound segmentation",
       IEEE Transactions on Biomedical Engineering 63(4), 2016, doi:10.1109/TBME.2015.2475278.
    """

    def __init__(
        self,
        sample_rate: float,
        /,
        *,
        low: Annotated[float | None, Option("Lower edge of the band, in Hz; none: a low-pass.", gt=0)] = 25.0,
        high: Annotated[float | None, Option("Upper edge of the band, in Hz; none: a high-pass.", gt=0)] = 400.0,
        order: Annotated[int, Option("Order of the filter at each edge, in one of the two passes.", ge=1, le=8)] = 2,
    ) -> None:
        from scipy import signal  # takes half a second to import, and few runs need it

        edges = [edge for edge in (low, high) if edge is not None]
        nyquist = sample_rate / 2
        if not edges:
            raise UsageError("preprocessor 'bandpass': low and high are both none; expected a frequency in Hz for one")
        if edges != sorted(set(edges)) or edges[-1] >= nyquist:
            raise UsageError(
                f"preprocessor 'bandpass': low is {_text(low)} and high is {_text(high)}; expected low < high < "
                f"{nyquist:g} Hz, half the sample rate; change the edges, or set one to none"
            )
        passes: tuple[tuple[Literal["highpass", "lowpass"], float | None], ...] = (("highpass", low), ("lowpass", high))
        sections = [
            signal.butter(order, edge, kind, output="sos", fs=sample_rate) for kind, edge in passes if edge is not None
        ]
        self._filter = ZeroPhase(np.concatenate(sections), sample_rate)
        self.context = self._filter.context

    def __call__(self, x: NDArray[np.float32], /) -> NDArray[np.float32]:
        """Filter a signal [channel, time]."""
        return self._filter(x)


def _text(edge: float | None) -> str:
    return "none" if edge is None else f"{edge:g} Hz"
