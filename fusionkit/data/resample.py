"""Change the sample rate by an exact ratio."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from fusionkit.errors import DataError

_LARGEST = 10_000


@lru_cache(256)  # asked for each recording and window
def resample_ratio(source: float, target: float) -> tuple[int, int]:
    """Return the whole numbers (up, down) with target = source * up / down.

    Parameters
    ----------
    source, target : float
        Sample rates in Hz.

    Raises
    ------
    DataError
        If there is no such ratio of numbers up to 10000.
    """
    exact = Fraction(target) / Fraction(source)
    ratio = exact.limit_denominator(_LARGEST)
    if not 0 < ratio.numerator <= _LARGEST or abs(ratio / exact - 1) > 1e-9:
        raise DataError(
            f"sample rate {source!r} Hz cannot be resampled to {target!r} Hz: their ratio is not one of whole numbers "
            f"up to {_LARGEST}; choose another sample_rate"
        )
    return ratio.numerator, ratio.denominator


def resample_context(up: int, down: int) -> int:
    """Return how many samples before and after a slice change its resampled values.

    A multiple of ``down``, so that the resampled grid of the slice with its context is that of the recording.
    """
    reach = -(-10 * max(up, down) // up)
    return -(-reach // down) * down


def resample(signal: NDArray[np.float32], up: int, down: int) -> NDArray[np.float32]:
    """Resample along the last axis with a linear-phase low-pass (Kaiser window, `scipy.signal.resample_poly`).

    Parameters
    ----------
    signal : ndarray [..., time]
        Taken as zero outside.
    up, down : int
        The ratio of `resample_ratio`.

    Returns
    -------
    ndarray [..., ceil(time * up / down)] of float32
    """
    from scipy.signal import resample_poly

    if up == down:
        return signal
    return np.asarray(resample_poly(signal.astype(np.float64), up, down, axis=-1), dtype=np.float32)
