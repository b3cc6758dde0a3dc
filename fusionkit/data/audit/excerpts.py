"""Short excerpts around the peaks of a signal, and the nearest among those of all other files."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_HALF = 75  # samples: excerpts of 0.3 s at 500 Hz
_STEP = 4  # 125 Hz suffice for the band
_ROWS = 256


def anchors(signal: NDArray[np.float32], most: int) -> NDArray[np.intp]:
    """Return where the signal is highest or lowest within 0.15 s either side, at most so many, the farthest from 0."""
    from scipy.ndimage import maximum_filter1d

    size = np.abs(signal)
    inside = slice(_HALF, len(signal) - _HALF)
    if len(signal) <= 2 * _HALF or not size[inside].any():
        return np.zeros(0, dtype=np.intp)
    peaks = np.flatnonzero((size == maximum_filter1d(size, 2 * _HALF + 1))[inside] & (size[inside] > 0)) + _HALF
    if not len(peaks):
        peaks = np.array([_HALF + np.argmax(size[inside])])
    return np.sort(peaks[np.argsort(-size[peaks], kind="stable")[:most]])


def cut_excerpts(signal: NDArray[np.float32], positions: NDArray[np.intp]) -> NDArray[np.float32]:
    """Return excerpts [position, time] of norm 1 around the positions."""
    cuts = signal[positions[:, None] + np.arange(-_HALF, _HALF + 1, _STEP)].astype(np.float64)
    norms = np.linalg.norm(cuts, axis=1, keepdims=True)
    return np.asarray(cuts / np.maximum(norms, np.finfo(np.float32).tiny), dtype=np.float32)


def nearest_elsewhere(
    excerpts: NDArray[np.float32], files: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Return for every excerpt the nearest one of another file, and its absolute correlation.

    Parameters
    ----------
    excerpts : ndarray [excerpt, time]
        Of norm 1.
    files : ndarray [excerpt]
        The number of the file that each is from, ascending.
    """
    nearest = np.zeros(len(excerpts), dtype=np.intp)
    similarity = np.zeros(len(excerpts), dtype=np.float32)
    starts, stops = np.searchsorted(files, files, "left"), np.searchsorted(files, files, "right")
    for first in range(0, len(excerpts), _ROWS):
        rows = slice(first, min(first + _ROWS, len(excerpts)))
        products = excerpts[rows] @ excerpts.T
        np.abs(products, out=products)
        for row, (start, stop) in enumerate(zip(starts[rows], stops[rows], strict=True)):
            products[row, start:stop] = 0
        nearest[rows] = products.argmax(axis=1)
        similarity[rows] = products.max(axis=1)
    return nearest, similarity
