"""Lay one signal upon another and say how alike they are where they overlap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RATE = 500.0  # Hz
_ALIKE = 0.99
_ALIKE_BRIEF = 0.999  # single beats of one person reach 0.995
_BRIEF = 1500  # samples: 3 s
_ROUNDING = 5e-5
_SLACK = 3  # samples by which the peaks of two copies may be apart
_SHORTEST = 250  # samples


@dataclass(frozen=True)
class Match:
    """Two signals that are the same up to gain and lag (samples by which the second begins later)."""

    similarity: float
    lag: float
    gain: float


def match(a: NDArray[np.float32], b: NDArray[np.float32], lag: int) -> Match | None:
    """Compare two signals at about a lag.

    Parameters
    ----------
    a, b : ndarray [time]
        Without constant offset.
    lag : int
        Where in ``a`` the signal ``b`` begins, in samples.

    Returns
    -------
    Match or None
        None if they overlap by less than half of the shorter, if the correlation stays below 0.99
        (0.999 if they overlap by less than 3 s), or if the signal
        resembles itself, shifted, so much that the likeness proves nothing.
    """
    lags = range(lag - _SLACK, lag + _SLACK + 1)
    pairs = [_overlap(a, b, shift) for shift in lags]
    if min(len(left) for left, _ in pairs) < max(_SHORTEST, min(len(a), len(b)) / 2 - _SLACK):
        return None
    likeness = [_correlation(left, right) for left, right in pairs]
    place = int(np.argmax(np.abs(likeness)))
    # Between the samples lies the peak of the parabola through the three around it.
    before, top, after = np.abs(likeness)[[max(place - 1, 0), place, min(place + 1, len(lags) - 1)]]
    bend = before - 2 * top + after
    inner = 0 < place < len(lags) - 1 and bend < 0
    shift = 0.5 * (before - after) / bend if inner else 0.0
    similarity = min(1.0, float(top - 0.25 * (before - after) * shift))
    left, right = pairs[place]
    alike = _ALIKE if len(left) >= _BRIEF else _ALIKE_BRIEF
    if similarity < alike or 1 - similarity + _ROUNDING > 0.5 * (1 - _repetition(left)):
        return None
    gain = float(np.sign(likeness[place]) * np.linalg.norm(right) / np.linalg.norm(left))
    return Match(similarity, lags[place] + float(shift), gain)


def _overlap(
    a: NDArray[np.float32], b: NDArray[np.float32], lag: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    stop = min(len(a), len(b) + lag)
    start = min(max(lag, 0), max(stop, 0))
    return a[start : max(stop, 0)], b[start - lag : max(stop, 0) - lag]


def _correlation(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    size = float(np.linalg.norm(a)) * float(np.linalg.norm(b))
    return float(np.dot(a, b)) / size if size else 0.0


def _repetition(signal: NDArray[np.float32]) -> float:
    """Return the highest correlation of a signal with itself, shifted past its first fall to 0 and up to its half."""
    count = len(signal)
    wide = signal.astype(np.float64)
    power = np.abs(np.fft.rfft(wide, 2 * count)) ** 2
    products = np.fft.irfft(power, 2 * count)[: count // 2]
    energy = np.concatenate([[0.0], np.cumsum(wide**2)])
    shifts = np.arange(len(products))
    sizes = np.sqrt(energy[count - shifts] * (energy[count] - energy[shifts]))
    likeness = products / np.maximum(sizes, np.finfo(np.float64).tiny)
    fallen = np.flatnonzero(likeness <= 0)
    return float(np.abs(likeness[fallen[0] :]).max()) if len(fallen) else 0.0
