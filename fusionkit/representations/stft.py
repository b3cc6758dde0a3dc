"""The short-time Fourier transform."""

from __future__ import annotations

from typing import Annotated, Literal

import torch
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

_OWNER = "representation 'stft'"


class STFT(Representation):
    r"""Spectrogram: the short-time Fourier transform X without its phase.

    The ``part`` is :math:`|X|`, :math:`|X|^2` or :math:`|\mathrm{Re}\, X|`, followed by compression, clipping, resizing
    and scaling, in this order and for each channel of each sample alone. Maps [batch, channel, time] to
    [batch, channel, freq, frame], or to [batch, channel, *size]. One-sided: n_fft // 2 + 1 rows from 0 Hz up;
    two-sided: n_fft rows with 0 Hz at row n_fft // 2.

    ``clip_sigma`` (l, h) clips decibels to :math:`[\mu + l \sigma, \mu + h \sigma]`, where mean and standard deviation
    (ddof 0) are those of the map with 0 dB wherever the part is not above ``amin``.

    Raises
    ------
    UsageError
        If the window is unknown or the frame does not fit the signal, or ``clip_sigma`` is not two rising numbers or
        stands without decibels.

    References
    ----------
    J. B. Allen, L. R. Rabiner, "A unified approach to short-time Fourier analysis and synthesis", Proceedings of the
    IEEE 65(11), 1977, doi:10.1109/PROC.1977.10770.
    """

    axes = CHANNEL_FREQ_TIME
    rows: Tensor

    def __init__(
        self,
        signal: SignalSpec,
        /,
        *,
        n_fft: FFTOption = None,
        win_length: WinOption = None,
        hop_length: HopOption = None,
        window: WindowOption = "hann",
        sym: Annotated[bool, Option("Symmetric window instead of a periodic one.")] = False,
        center: CenterOption = True,
        pad_mode: PadOption = "constant",
        part: Annotated[
            Literal["magnitude", "power", "real"],
            Option("What is kept of the spectrum: magnitude, power, or the magnitude of its real part."),
        ] = "magnitude",
        sides: Annotated[
            Literal["one", "two"], Option("one: frequencies from 0 up; two: negative ones as well, 0 Hz in the middle.")
        ] = "one",
        log: LogOption = "db",
        multiplier: Annotated[
            float | None, Option("Decibels a decade; none: 10 for power, 20 for the other parts.", gt=0, le=1000)
        ] = None,
        ref: RefOption = "max",
        amin: AminOption = 1e-10,
        top_db: TopDbOption = 80.0,
        clip_sigma: Annotated[
            tuple[float, ...] | None,
            Option(
                "Lowest and highest level, in standard deviations from the mean level; none: no clipping.",
                ge=-1000,
                le=1000,
            ),
        ] = None,
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
            sym=sym,
            center=center,
            pad_mode=pad_mode,
            owner=_OWNER,
        )
        if clip_sigma is not None and (len(clip_sigma) != 2 or not clip_sigma[0] < clip_sigma[1]):
            raise UsageError(f"{_OWNER}: clip_sigma is {clip_sigma}; expected two rising numbers, such as 0,9")
        if clip_sigma is not None and log != "db":
            raise UsageError(f"{_OWNER}: clip_sigma clips decibels, but log is {log!r}; set log to db")
        self.part, self.log, self.ref, self.amin, self.top_db = part, log, ref, amin, top_db
        self.multiplier = multiplier or (10.0 if part == "power" else 20.0)
        self.clip_sigma = clip_sigma
        self.size, self.scale, self.epsilon = checked_size(size, _OWNER), scale, epsilon
        n_fft = self.spectrum.n_fft
        # All parts are even functions of the frequency, so the negative side is read from the positive one.
        rows = (torch.arange(n_fft) - n_fft // 2).abs() if sides == "two" else torch.arange(n_fft // 2 + 1)
        self.register_buffer("rows", rows, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map signals [batch, channel, time] to maps [batch, channel, freq, frame] or [batch, channel, *size]."""
        spectrum = self.spectrum(x)
        if self.part == "real":
            view = spectrum.real.abs()
        else:
            view = spectral_power(spectrum, 2 if self.part == "power" else 1)
        view = view.mT.index_select(2, self.rows)
        levels = compress(view, self.log, multiplier=self.multiplier, ref=self.ref, amin=self.amin, top_db=self.top_db)
        if self.clip_sigma is not None:
            levels = _clip(levels, view > self.amin, *self.clip_sigma)
        return scale_view(resize_view(levels, self.size), self.scale, (-2, -1), self.epsilon)


def _clip(levels: Tensor, sounding: Tensor, low: float, high: float) -> Tensor:
    counted = torch.where(sounding, levels, 0.0)
    mean = counted.mean((-2, -1), keepdim=True)
    sigma = counted.std((-2, -1), correction=0, keepdim=True)
    return levels.clamp(mean + low * sigma, mean + high * sigma)
