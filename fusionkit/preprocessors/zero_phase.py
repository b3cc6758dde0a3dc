"""Recursive filters that run forward and backward, so that nothing moves in time."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

_REMNANT = 1e-5


class ZeroPhase:
    """A filter without delay, with the square of the gain of its sections.

    The ends of the signal are continued by their own mirror image, turned about the last sample.

    Parameters
    ----------
    sections : ndarray [section, 6]
        Second-order sections of a stable filter.
    sample_rate : float
        In Hz.
    """

    def __init__(self, sections: NDArray[np.float64], sample_rate: float) -> None:
        from scipy import signal  # takes half a second to import, and few runs need it

        self._sections = sections
        _, poles, _ = signal.sos2zpk(sections)
        self._reach = math.ceil(math.log(_REMNANT) / math.log(np.abs(poles).max()))
        self.context = self._reach / sample_rate
        """Time in s after which the slowest part of the impulse response has fallen to 1e-5."""

    def __call__(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Filter a signal [channel, time]."""
        from scipy import signal

        padding = min(self._reach, x.shape[-1] - 1)
        filtered: NDArray[np.float64] = signal.sosfiltfilt(self._sections, x.astype(np.float64), padlen=padding)
        return filtered.astype(np.float32)
