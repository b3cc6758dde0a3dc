"""The short-time Fourier transform."""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from fusionkit.errors import UsageError
from fusionkit.interfaces import CHANNEL_FREQ_TIME, Representation, SignalSpec
from fusionkit.layers.view_colour import Colouring, ColourOption
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

    The ``part`` is :math:`|X|`, :math:`|X|^2` or :math:`|\mathrm{Re}\, X|`, followed by compression, clipping,
    colouring, resizing and scaling, in this order and for each channel of each sample alone. Maps [batch, channel,
    time] to [batch, channel, freq, frame], or to [batch, channel, *size]. One-sided: n_fft // 2 + 1 rows from 0 Hz
    up; two-sided: n_fft rows with 0 Hz at row n_fft // 2.

    ``clip_sigma`` (l, h) clips decibels to :math:`[\mu + l \sigma, \mu + h \sigma]`, where mean and standard deviation
    (ddof 0) are those of the map with 0 dB wherever the part is not above ``amin``.

    With a ``colour_map`` the view is one image with the channels red, green and blue. A signal of two channels, seen
    from two sides, is taken for a quadrature recording, as Doppler devices write: the image is of
    :math:`X_1 + i X_2`, with flow towards the probe and away from it on the two sides of 0 Hz. Otherwise it is of the
    first channel, and the others are left out. The images of Vindas et al. (2022) cannot be recovered in full: which
    channels, which colours, which interpolation and which direction of the frequency axis is not said, and what is
    chosen here (viridis, coloured before a bilinear resizing, lowest frequency in row 0) is a guess.

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
        skip_end: Annotated[
            bool, Option("Leave the last frame empty if it ends on the last sample of the signal exactly.")
        ] = False,
        colour_map: ColourOption = "none",
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
        padded = signal.samples + 2 * self.spectrum.pad
        self.skips = skip_end and (padded - self.spectrum.n_fft) % self.spectrum.hop_length == 0
        self.colouring = Colouring(colour_map) if colour_map != "none" else None
        self.quadrature = self.colouring is not None and sides == "two" and signal.channels == 2
        self.size, self.scale, self.epsilon = checked_size(size, _OWNER), scale, epsilon
        n_fft = self.spectrum.n_fft
        # The spectrum of a real signal is conjugate even, so the negative side is read from the positive one.
        rows = (torch.arange(n_fft) - n_fft // 2).abs() if sides == "two" else torch.arange(n_fft // 2 + 1)
        self.register_buffer("rows", rows, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map signals [batch, channel, time] to maps [batch, channel, freq, frame] or [batch, channel, *size]."""
        heard = x if self.colouring is None or self.quadrature else x[:, :1]
        spectrum = self.spectrum(heard)
        if len(self.rows) != spectrum.shape[-1]:
            spectrum = spectrum.index_select(-1, self.rows)
        if self.quadrature:
            spectrum = _quadrature(spectrum)
        if self.part == "real":
            view = spectrum.real.abs().mT
        else:
            view = spectral_power(spectrum, 2 if self.part == "power" else 1).mT
        if self.skips:
            view = F.pad(view[..., :-1], (0, 1))
        levels = compress(view, self.log, multiplier=self.multiplier, ref=self.ref, amin=self.amin, top_db=self.top_db)
        if self.clip_sigma is not None:
            levels = _clip(levels, view > self.amin, *self.clip_sigma)
        if self.colouring is not None:
            levels = self.colouring(levels)
        return scale_view(resize_view(levels, self.size), self.scale, (-2, -1), self.epsilon)


def _quadrature(spectrum: Tensor) -> Tensor:
    """Return X_1 + i X_2 [batch, 1, frame, n_fft] from two channels whose negative rows are read from the positive."""
    negative = spectrum.shape[-1] // 2
    sides = torch.cat([spectrum[..., :negative].conj(), spectrum[..., negative:]], dim=-1)
    return sides[:, :1] + 1j * sides[:, 1:]


def _clip(levels: Tensor, sounding: Tensor, low: float, high: float) -> Tensor:
    counted = torch.where(sounding, levels, 0.0)
    mean = counted.mean((-2, -1), keepdim=True)
    sigma = counted.std((-2, -1), correction=0, keepdim=True)
    return levels.clamp(mean + low * sigma, mean + high * sigma)
