"""The log-Mel spectrogram."""

from __future__ import annotations

import warnings
from fractions import Fraction
from typing import Annotated, Literal

from torch import Tensor

from fusionkit.errors import UsageError
from fusionkit.interfaces import CHANNEL_FREQ_TIME, Representation, SignalSpec
from fusionkit.layers.view_compression import AminOption, LogOption, RefOption, TopDbOption, compress
from fusionkit.layers.view_resize import SizeOption, checked_size, resize_view
from fusionkit.layers.view_scaling import EpsilonOption, ScaleOption, scale_view
from fusionkit.layers.view_spectrum import (
    CenterOption,
    FFTOption,
    FramedSpectrum,
    HopOption,
    PadOption,
    WindowOption,
    WinOption,
    spectral_power,
)
from fusionkit.options import Option
from fusionkit.representations.torchaudio_loader import load_torchaudio

_OWNER = "representation 'mel'"


class Mel(Representation):
    r"""Log-Mel spectrogram: the energy in triangular bands, equally spaced on the Mel scale of pitch.

    .. math:: M[m, t] = \sum_k h_m[k]\, |X[k, t]|^p

    with X the short-time Fourier transform, p = ``power`` and the filters h of torchaudio, followed by compression,
    resizing and scaling, in this order and for each channel of each sample alone. Decibels are
    :math:`(20 / p) \log_{10} M`. Maps [batch, channel, time] to [batch, channel, n_mels, frame], or to
    [batch, channel, *size]; row 0 is the lowest band.

    Raises
    ------
    UsageError
        If the band is empty or passes half the sample rate, if a filter holds no frequency of the transform, or if the
        frame does not fit the signal.

    References
    ----------
    S. B. Davis, P. Mermelstein, "Comparison of parametric representations for monosyllabic word recognition in
    continuously spoken sentences", IEEE Transactions on Acoustics, Speech, and Signal Processing 28(4), 1980,
    doi:10.1109/TASSP.1980.1163420.
    """

    axes = CHANNEL_FREQ_TIME
    filters: Tensor

    def __init__(
        self,
        signal: SignalSpec,
        /,
        *,
        n_fft: FFTOption = None,
        win_length: WinOption = None,
        hop_length: HopOption = None,
        window: WindowOption = "hann",
        center: CenterOption = True,
        pad_mode: PadOption = "constant",
        n_mels: Annotated[
            int | None,
            Option("Number of Mel bands; none: as many as n_fft resolves, at most 64 and at most n_fft // 2.", ge=1),
        ] = None,
        f_min: Annotated[float, Option("Lowest frequency in Hz.", ge=0)] = 0.0,
        f_max: Annotated[float | None, Option("Highest frequency in Hz; none: half the sample rate.", gt=0)] = None,
        mel_scale: Annotated[
            Literal["slaney", "htk"], Option("Mel scale: slaney is linear below 1 kHz, htk logarithmic throughout.")
        ] = "slaney",
        norm: Annotated[
            Literal["slaney"] | None, Option("slaney divides every filter by half its width in Hz; none: peaks of 1.")
        ] = "slaney",
        power: Annotated[float, Option("Exponent of the magnitude: 1 is magnitude, 2 power.", gt=0, le=10)] = 2.0,
        log: LogOption = "db",
        ref: RefOption = "max",
        amin: AminOption = 1e-10,
        top_db: TopDbOption = 80.0,
        size: SizeOption = None,
        scale: ScaleOption = "standard",
        epsilon: EpsilonOption = 0.0,
    ) -> None:
        super().__init__()
        self.spectrum = FramedSpectrum(
            signal,
            n_fft=n_fft,
            win_length=win_length,
            hop_length=hop_length,
            window=window,
            center=center,
            pad_mode=pad_mode,
            owner=_OWNER,
        )
        self.power, self.log, self.ref, self.amin, self.top_db = power, log, ref, amin, top_db
        self.size, self.scale, self.epsilon = checked_size(size, _OWNER), scale, epsilon
        nyquist = signal.sample_rate / 2
        f_max = nyquist if f_max is None else f_max
        if not f_min < f_max <= nyquist:
            raise UsageError(
                f"{_OWNER}: the band is {f_min:g} to {f_max:g} Hz; expected f_min < f_max <= {nyquist:g}, "
                "half the sample rate"
            )
        n_fft = self.spectrum.n_fft
        for count in [n_mels] if n_mels else range(max(1, min(64, n_fft // 2)), 0, -1):
            # A frequency lies in two filters at most: more filters than this are not worth their memory.
            filters = _filters(signal.sample_rate, n_fft, min(count, n_fft + 3), f_min, f_max, norm, mel_scale)
            if (filters > 0).any(0).all():
                break
        else:
            raise UsageError(
                f"{_OWNER}: {n_mels or 'even 1'} Mel bands from {f_min:g} to {f_max:g} Hz leave some without a "
                f"frequency of n_fft {n_fft} ({signal.sample_rate / n_fft:.3g} Hz apart); lower n_mels or raise n_fft"
            )
        self.register_buffer("filters", filters, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map signals [batch, channel, time] to maps [batch, channel, n_mels, frame] or [batch, channel, *size]."""
        view = (spectral_power(self.spectrum(x), self.power) @ self.filters).mT
        view = compress(view, self.log, multiplier=20 / self.power, ref=self.ref, amin=self.amin, top_db=self.top_db)
        return scale_view(resize_view(view, self.size), self.scale, (-2, -1), self.epsilon)


def _filters(
    sample_rate: float, n_fft: int, n_mels: int, f_min: float, f_max: float, norm: str | None, mel_scale: str
) -> Tensor:
    # torchaudio spreads its frequencies over sample_rate // 2, which is wrong for 125 Hz. Over twice the rate, times
    # what makes it whole, the division is exact; the frequencies of the transform are then the first ones.
    rate = Fraction(sample_rate).limit_denominator(16)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of empty filters, which the caller refuses
        filters: Tensor = load_torchaudio().functional.melscale_fbanks(
            rate.denominator * n_fft + 1, f_min, f_max, n_mels, 2 * rate.numerator, norm, mel_scale
        )
    return filters[: n_fft // 2 + 1].contiguous()
