"""Filters of the continuous wavelet transform."""

from __future__ import annotations

import warnings

import numpy as np
import pywt
from numpy.typing import NDArray

from fusionkit.errors import UsageError

_LONGEST = 2**24


def continuous_wavelet(name: str, owner: str) -> pywt.ContinuousWavelet:
    """Return a continuous wavelet of PyWavelets.

    Parameters
    ----------
    name : str
        For example ``morl`` or, with its parameters, ``cmor1.5-1.0``.
    owner : str
        How an error names the component.

    Raises
    ------
    UsageError
        If there is no such wavelet, or it needs parameters.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return pywt.ContinuousWavelet(name)
    except (ValueError, Warning):
        known = ", ".join(pywt.wavelist(kind="continuous"))
        raise UsageError(
            f"{owner}: wavelet {name!r} is not a continuous wavelet; expected one of {known}, "
            "where cmor, fbsp and shan take parameters, for example cmor1.5-1.0, fbsp1-1.5-1.0 and shan1.5-1.0"
        ) from None


def wavelet_filters(
    wavelet: pywt.ContinuousWavelet, scales: NDArray[np.float64], samples: int, precision: int, owner: str
) -> tuple[NDArray[np.float64], int]:
    r"""Return the filters whose correlation with a signal is ``pywt.cwt``.

    PyWavelets convolves the signal with the integral of the wavelet, stretched by the scale s, takes differences,
    multiplies by :math:`-\sqrt{s}` and keeps the central samples. All of this is linear, so it is one filter a scale.
    Taps that never meet a signal of this length are left out.

    Parameters
    ----------
    wavelet : pywt.ContinuousWavelet
        The wavelet.
    scales : ndarray [scale]
        Scales in samples.
    samples : int
        Length of the signal.
    precision : int
        The integral is sampled at ``2 ** precision`` points.
    owner : str
        How an error names the component.

    Returns
    -------
    filters : ndarray [part, scale, tap]
        One part for a real wavelet; the real and the imaginary part for a complex one.
    reach : int
        Taps before the sample for which a coefficient is computed.

    Raises
    ------
    UsageError
        If a scale is too small for a coefficient, or its filter too long to be built.
    """
    integral, grid = pywt.integrate_wavelet(wavelet, precision=precision)
    step, span = grid[1] - grid[0], grid[-1] - grid[0]
    if scales.max() * span > _LONGEST:
        raise UsageError(
            f"{owner}: at scale {scales.max():g} the wavelet spans {scales.max() * span:.3g} samples of a signal of "
            f"{samples}; raise f_min or lower the scales"
        )
    reach = min(int(np.ceil(scales.max() * span / 2)) + 1, samples - 1)
    filters = np.zeros((len(scales), 2 * reach + 1), dtype=integral.dtype)
    for row, scale in zip(filters, scales, strict=True):
        points = (np.arange(scale * span + 1) / (scale * step)).astype(np.int64)
        taps = np.diff(integral[points[points < len(integral)]], prepend=0, append=0)
        if len(taps) < 3:
            raise UsageError(f"{owner}: scale {scale:g} is too small for the wavelet; raise the scales or lower f_max")
        offsets = np.arange(len(taps)) - len(taps) // 2
        inside = abs(offsets) <= reach
        row[reach + offsets[inside]] = np.sqrt(scale) * taps[inside]
    parts = (filters.real, -filters.imag) if np.iscomplexobj(filters) else (filters,)
    return np.stack(parts), reach
