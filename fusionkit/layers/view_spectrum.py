"""Fourier transforms of the windowed frames of a signal."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fusionkit.errors import UsageError
from fusionkit.interfaces import SignalSpec
from fusionkit.options import Option

PadMode = Literal["constant", "reflect"]
FFTOption = Annotated[
    int | None,
    Option(
        "Samples of one Fourier transform; none: the power of two nearest to 93 ms or to an eighth of the signal, "
        "whichever is shorter, and at least 32 (or the whole signal).",
        ge=2,
    ),
]
WinOption = Annotated[int | None, Option("Samples of the window, centred in n_fft; none: n_fft.", ge=1)]
HopOption = Annotated[int | None, Option("Samples from one frame to the next; none: n_fft // 4.", ge=1)]
WindowOption = Annotated[str, Option("Window by its name in scipy.signal.windows, one that needs no parameter.")]
CenterOption = Annotated[
    bool, Option("Pad n_fft // 2 samples at both ends, so that frame t is centred on sample t * hop_length.")
]
PadOption = Annotated[PadMode, Option("Padding of center: constant is zeros, reflect mirrors the signal.")]


def default_n_fft(signal: SignalSpec) -> int:
    """Return the power of two nearest to 93 ms or to an eighth of the signal, but at least 32 or the whole signal."""
    target = min(0.093 * signal.sample_rate, signal.samples / 8)
    return min(signal.samples, max(32, 1 << max(0, round(math.log2(target)))))


class FramedSpectrum(nn.Module):
    r"""Short-time Fourier transform, one-sided.

    .. math:: X[k, t] = \sum_{n=0}^{N-1} w[n]\, x[t H + n]\, e^{-2 \pi i k n / N}

    with N = ``n_fft``, H = ``hop_length`` and x padded by N // 2 samples at both ends when ``center`` is set. There are
    1 + (padded samples - N) // H frames.

    Parameters
    ----------
    signal : SignalSpec
        What is transformed.
    n_fft, win_length, hop_length : int or None
        Sizes in samples; None: see `default_n_fft`, ``n_fft`` and ``n_fft // 4``.
    window : str
        Name of a window of scipy.
    sym : bool
        Symmetric instead of periodic window.
    center : bool
        Pad both ends.
    pad_mode : 'constant' or 'reflect'
        How they are padded.
    owner : str
        How an error names the component.

    Raises
    ------
    UsageError
        If the window is unknown, or longer than ``n_fft``, or the frame does not fit the signal.
    """

    window: Tensor

    def __init__(
        self,
        signal: SignalSpec,
        /,
        *,
        n_fft: int | None,
        win_length: int | None,
        hop_length: int | None,
        window: str,
        sym: bool = False,
        center: bool,
        pad_mode: PadMode,
        owner: str,
    ) -> None:
        super().__init__()
        self.n_fft = n_fft or default_n_fft(signal)
        self.hop_length = hop_length or max(1, self.n_fft // 4)
        self.pad = self.n_fft // 2 if center else 0
        self.pad_mode = pad_mode
        longest = 2 * signal.samples - (pad_mode == "reflect") if center else signal.samples
        if self.n_fft > longest:
            raise UsageError(
                f"{owner}: n_fft is {self.n_fft}, but a window of the signal has {signal.samples} samples; "
                f"choose n_fft <= {longest} or longer windows"
            )
        win_length = win_length or self.n_fft
        if win_length > self.n_fft:
            raise UsageError(f"{owner}: win_length is {win_length}; expected at most n_fft, {self.n_fft}")
        before = (self.n_fft - win_length) // 2
        weights = F.pad(_window(window, win_length, sym, owner), (before, self.n_fft - win_length - before))
        self.register_buffer("window", weights, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map signals [batch, channel, time] to complex spectra [batch, channel, frame, n_fft // 2 + 1]."""
        frames = F.pad(x, (self.pad, self.pad), mode=self.pad_mode).unfold(-1, self.n_fft, self.hop_length)
        spectrum: Tensor = torch.fft.rfft(frames * self.window)
        return spectrum


def spectral_power(spectrum: Tensor, exponent: float) -> Tensor:
    """Return the magnitude of a complex spectrum to the power of an exponent."""
    # The root of squares takes half the time of `abs`, but has no gradient at 0.
    if exponent == 2 or (exponent == 1 and not spectrum.requires_grad):
        squares = spectrum.real.square().addcmul_(spectrum.imag, spectrum.imag)
        return squares if exponent == 2 else squares.sqrt_()
    return spectrum.abs().pow(exponent)


def _window(name: str, length: int, sym: bool, owner: str) -> Tensor:
    if name == "hann":
        return torch.hann_window(length, periodic=not sym, dtype=torch.float64).float()
    from scipy.signal import get_window  # takes most of a second to import

    try:
        return torch.from_numpy(get_window(name, length, fftbins=not sym)).float()
    except (ValueError, TypeError) as error:
        raise UsageError(
            f"{owner}: window {name!r} cannot be made ({' '.join(str(error).split())}); "
            "choose one of scipy.signal.windows that needs no parameter, such as hann, hamming or blackman"
        ) from None
