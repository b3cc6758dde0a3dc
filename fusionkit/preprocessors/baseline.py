"""Removal of baseline wander."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from fusionkit.errors import UsageError
from fusionkit.interfaces import Preprocessor
from fusionkit.options import Option

_FEWEST = 3


class Baseline(Preprocessor):
    """Removal of the baseline of an ECG, which two running medians find.

    A median over 200 ms leaves no QRS complex and no P wave, one over 600 ms of what is left no T wave; the rest is
    the baseline and is subtracted [1]_. Each window is centred and holds an odd number of samples; beyond the ends the
    signal is mirrored. Maps [channel, time] to the same shape and unit. ``context`` is half of all widths together,
    0.4 s by default, and exact. For a linear removal take ``bandpass`` with ``high`` none.

    Raises
    ------
    UsageError
        If there is no width, or one of less than three samples, whose median would be the signal itself.

    References
    ----------
    .. [1] P. de Chazal, M. O'Dwyer, R. B. Reilly, "Automatic classification of heartbeats using ECG morphology and
       heartbeat interval features", IEEE Transactions on Biomedical Engineering 51(7), 2004,
       doi:10.1109/TBME.2004.827359.
    """

    def __init__(
        self,
        sample_rate: float,
        /,
        *,
        widths: Annotated[
            tuple[float, ...], Option("Lengths of the median filters, one after the other, in s.", gt=0, le=60)
        ] = (0.2, 0.6),
    ) -> None:
        if not widths or round(min(widths) * sample_rate) < _FEWEST:
            given = ", ".join(f"{width:g} s" for width in widths) or "empty"
            raise UsageError(
                f"preprocessor 'baseline': widths is {given}; expected one or more, each of at least {_FEWEST} "
                f"samples, which at {sample_rate:g} Hz are {_FEWEST / sample_rate:.3g} s"
            )
        self._halves = [round(width * sample_rate / 2) for width in widths]
        self.context = sum(self._halves) / sample_rate

    def __call__(self, x: NDArray[np.float32], /) -> NDArray[np.float32]:
        """Subtract the baseline of a signal [channel, time]."""
        return np.stack([channel - self._baseline(channel) for channel in x])

    def _baseline(self, channel: NDArray[np.float32]) -> NDArray[np.float32]:
        from scipy.ndimage import median_filter  # takes half a second to import, and few runs need it

        for half in self._halves:
            channel = median_filter(channel, size=2 * half + 1, mode="reflect")
        return channel
