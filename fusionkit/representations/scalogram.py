"""The scalogram: the continuous wavelet transform."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import pywt
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from fusionkit.errors import UsageError
from fusionkit.interfaces import CHANNEL_FREQ_TIME, Representation, SignalSpec
from fusionkit.layers.view_compression import AminOption, LogOption, compress
from fusionkit.layers.view_resize import bilinear_columns
from fusionkit.layers.view_scaling import EpsilonOption, ScaleOption, scale_view
from fusionkit.layers.view_wavelets import continuous_wavelet, wavelet_filters
from fusionkit.options import Option

_OWNER = "representation 'scalogram'"
_BLOCK = 32  # scales of one product
_CHUNK = 64  # samples of one product


class Scalogram(Representation):
    r"""Scalogram: the magnitude of the continuous wavelet transform.

    .. math:: W[s, t] = \left| \frac{1}{\sqrt{s}} \sum_n x[n]\, \psi^* \left( \frac{n - t}{s} \right) \right|

    as PyWavelets computes it (``pywt.cwt``: integrated wavelet, zeros outside the signal), followed by compression,
    resizing along time and scaling, in this order and for each channel of each sample alone. Decibels are
    :math:`20 \log_{10} W`. Maps [batch, channel, time] to [batch, channel, scale, column]. Row 0 is the smallest scale,
    the highest frequency, or the first of the given ``scales``.

    Resizing is bilinear with half-pixel centres and no antialiasing. Each column then reads two samples of the
    transform, and only these are computed; with ``columns`` none the whole transform is, by fast convolution.

    Raises
    ------
    UsageError
        If the wavelet is unknown, if scales and frequencies are both given, if the band is empty or passes half the
        sample rate, or if a scale is too small or too large for a filter.

    References
    ----------
    C. Torrence, G. P. Compo, "A practical guide to wavelet analysis", Bulletin of the American Meteorological Society
    79(1), 1998, doi:10.1175/1520-0477(1998)079<0061:APGTWA>2.0.CO;2. G. R. Lee et al., "PyWavelets: a Python package
    for wavelet analysis", Journal of Open Source Software 4(36), 2019, doi:10.21105/joss.01237.
    """

    axes = CHANNEL_FREQ_TIME
    filters: Tensor
    read: Tensor
    place: Tensor
    weight: Tensor

    def __init__(
        self,
        signal: SignalSpec,
        /,
        *,
        wavelet: Annotated[
            str, Option("Continuous wavelet as PyWavelets names it, with its parameters: cmor1.5-1.0, morl, mexh.")
        ] = "cmor1.5-1.0",
        scales: Annotated[
            tuple[float, ...] | None, Option("Scales in samples, one a row; none: from f_max down to f_min.", gt=0)
        ] = None,
        f_min: Annotated[
            float | None,
            Option(
                "Lowest frequency in Hz; none: the higher of 4 / duration and sample_rate / 200, up to f_max / 2.",
                gt=0,
            ),
        ] = None,
        f_max: Annotated[float | None, Option("Highest frequency in Hz; none: 0.4 * sample_rate.", gt=0)] = None,
        n_scales: Annotated[int | None, Option("Number of scales; none: 64.", ge=1, le=4096)] = None,
        spacing: Annotated[Literal["log", "linear"], Option("Spacing of the frequencies.")] = "log",
        columns: Annotated[
            int | None, Option("Columns to which the time axis is resized; none: one a sample.", ge=1, le=65536)
        ] = 128,
        precision: Annotated[
            int, Option("The integrated wavelet is sampled at 2 ** precision points.", ge=4, le=20)
        ] = 12,
        log: LogOption = "log1p",
        amin: AminOption = 1e-10,
        scale: ScaleOption = "standard",
        epsilon: EpsilonOption = 0.0,
    ) -> None:
        super().__init__()
        self.samples, self.columns = signal.samples, columns
        self.log, self.amin, self.scale, self.epsilon = log, amin, scale, epsilon
        psi = continuous_wavelet(wavelet, _OWNER)
        if scales is None:
            frequencies = _frequencies(signal, f_min, f_max, n_scales or 64, spacing)
            sizes = pywt.frequency2scale(psi, frequencies / signal.sample_rate, precision=precision)
        elif f_min is f_max is n_scales is None:
            sizes = np.asarray(scales)
        else:
            raise UsageError(f"{_OWNER}: scales are given beside f_min, f_max or n_scales; keep one of the two")
        filters, self.reach = wavelet_filters(psi, sizes, signal.samples, precision, _OWNER)
        self.register_buffer("filters", torch.from_numpy(filters).float(), persistent=False)
        # Small scales have short filters: in blocks of scales, most of the zeros around them are never multiplied.
        self.blocks: list[tuple[int, int]] = []
        for first in range(0, len(sizes), _BLOCK):
            used = np.flatnonzero(filters[:, first : first + _BLOCK].any((0, 1)))
            self.blocks.append((first, int(min(used[0], filters.shape[-1] - 1 - used[-1]))))
        if columns is not None:
            left, _, weight = bilinear_columns(signal.samples, columns)
            read, place = np.unique(left, return_inverse=True)
            self.register_buffer("read", torch.from_numpy(read), persistent=False)
            self.register_buffer("place", torch.from_numpy(place), persistent=False)
            self.register_buffer("weight", torch.from_numpy(weight).float(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map signals [batch, channel, time] to maps [batch, channel, scale, column]."""
        view = self._everywhere(x) if self.columns is None else self._where_read(x)
        view = compress(view, self.log, multiplier=20.0, amin=self.amin)
        if self.columns is not None:
            left, right = view.unbind(2)
            view = torch.lerp(left[..., self.place], right[..., self.place], self.weight)
        return scale_view(view, self.scale, (-2, -1), self.epsilon)

    def _where_read(self, x: Tensor) -> Tensor:
        """Return the transform [batch, channel, 2, scale, column] at the samples that are read, and one later.

        Both come from one window: copying windows costs as much as multiplying them.
        """
        padded = F.pad(x, (self.reach, self.reach + 1))
        blocks = []
        for first, unused in self.blocks:
            filters = self.filters[:, first : first + _BLOCK, unused : self.filters.shape[-1] - unused]
            both = torch.stack((F.pad(filters, (0, 1)), F.pad(filters, (1, 0))))
            windows = padded[..., unused : padded.shape[-1] - unused].unfold(-1, both.shape[-1], 1)
            parts = torch.cat(
                [
                    F.linear(windows.index_select(2, read), both.flatten(0, 2))
                    for read in torch.split(self.read, _CHUNK)
                ],
                2,
            )
            blocks.append(_magnitude(parts.view(*parts.shape[:-1], *both.shape[:3]), 4))
        return torch.cat(blocks, -1).permute(0, 1, 3, 4, 2)

    def _everywhere(self, x: Tensor) -> Tensor:
        padded = F.pad(x, (self.reach, self.reach))
        size = 1 << (padded.shape[-1] - 1).bit_length()
        spectrum = torch.fft.rfft(padded, size)[:, :, None, None] * torch.fft.rfft(self.filters, size).conj()
        parts: Tensor = torch.fft.irfft(spectrum, size)
        return _magnitude(parts[..., : self.samples], 2)


def _magnitude(parts: Tensor, dim: int) -> Tensor:
    real = parts.select(dim, 0)
    return real.abs() if parts.shape[dim] == 1 else torch.complex(real, parts.select(dim, 1)).abs()


def _frequencies(
    signal: SignalSpec, f_min: float | None, f_max: float | None, count: int, spacing: str
) -> NDArray[np.float64]:
    nyquist = signal.sample_rate / 2
    f_max = f_max or 0.8 * nyquist
    f_min = f_min or min(max(4 / signal.duration, signal.sample_rate / 200), f_max / 2)
    if not f_min < f_max <= nyquist:
        raise UsageError(
            f"{_OWNER}: the band is {f_min:g} to {f_max:g} Hz; expected f_min < f_max <= {nyquist:g}, "
            "half the sample rate"
        )
    return np.geomspace(f_max, f_min, count) if spacing == "log" else np.linspace(f_max, f_min, count)
