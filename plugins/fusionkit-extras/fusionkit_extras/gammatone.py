"""The gammatone spectrogram."""

from __future__ import annotations

import math
from typing import Annotated

import torch
from fusionkit.errors import UsageError
from fusionkit.interfaces import CHANNEL_FREQ_TIME, Representation, SignalSpec
from fusionkit.options import Option
from torch import Tensor
from torch.nn import functional as F

_OWNER = "representation 'gammatone'"


class Gammatone(Representation):
    r"""Gammatone spectrogram: the energy in the bands of a model of the ear, in dB.

    .. math:: E[m, t] = \sum_k |G_m(f_k)|^2\, |X[k, t]|^2, \qquad
        G_m(f) = \left(1 + i \frac{f - c_m}{b_m}\right)^{-4} + \left(1 + i \frac{f + c_m}{b_m}\right)^{-4}

    where X is the short-time Fourier transform with a periodic Hann window over frames inside the signal, of a channel
    whose largest magnitude is 1, and :math:`G_m` the frequency response of the gammatone filter
    :math:`t^3 e^{-2 \pi b_m t} \cos(2 \pi c_m t)` [1]_, with gain 1 at its centre. The bandwidth is
    :math:`b = 1.019\,(24.7 + 0.108\,c)` Hz, and the centres c lie in the middle of ``n_filters`` steps that are equal
    on the ERB-rate scale :math:`\ln(1 + 0.00437 f)` [2]_ from ``f_min`` to ``f_max``.

    Levels further than ``top_db`` below the largest of their map are raised to it; then each channel of each sample has
    zero mean and unit standard deviation. A silent channel becomes zero. Maps [batch, channel, time] to
    [batch, channel, n_filters, frame]; row 0 is the lowest band.

    Raises
    ------
    UsageError
        If the band is empty or passes half the sample rate, or a frame is longer than the signal.

    References
    ----------
    .. [1] R. D. Patterson et al., "Complex sounds and auditory images", Auditory Physiology and Perception, 1992,
       doi:10.1016/B978-0-08-041847-6.50054-X.
    .. [2] B. R. Glasberg, B. C. J. Moore, "Derivation of auditory filter shapes from notched-noise data", Hearing
       Research 47, 1990, doi:10.1016/0378-5955(90)90170-T.
    """

    axes = CHANNEL_FREQ_TIME
    window: Tensor
    weights: Tensor

    def __init__(
        self,
        signal: SignalSpec,
        /,
        *,
        n_filters: Annotated[int, Option("Number of bands.", ge=1, le=1024)] = 64,
        f_min: Annotated[float, Option("Lower edge of the lowest band in Hz.", ge=0)] = 0.0,
        f_max: Annotated[
            float | None, Option("Upper edge of the highest band in Hz; none: half the sample rate.", gt=0)
        ] = None,
        n_fft: Annotated[
            int | None, Option("Samples of one frame; none: 64 ms, and 32 to an eighth of the signal.", ge=2)
        ] = None,
        hop_length: Annotated[int | None, Option("Samples from one frame to the next; none: n_fft // 4.", ge=1)] = None,
        top_db: Annotated[float, Option("Dynamic range in dB.", gt=0)] = 80.0,
    ) -> None:
        super().__init__()
        nyquist = signal.sample_rate / 2
        f_max = nyquist if f_max is None else f_max
        if not f_min < f_max <= nyquist:
            raise UsageError(
                f"{_OWNER}: the band is {f_min:g} to {f_max:g} Hz; expected f_min < f_max <= {nyquist:g}, "
                "half the sample rate"
            )
        default = max(32, min(round(0.064 * signal.sample_rate), signal.samples // 8))
        self.n_fft = n_fft or min(default, signal.samples)
        if self.n_fft > signal.samples:
            raise UsageError(
                f"{_OWNER}: n_fft is {self.n_fft}, but a window of the signal has {signal.samples} samples; "
                f"choose n_fft <= {signal.samples} or longer windows"
            )
        self.hop_length = hop_length or max(1, self.n_fft // 4)
        self.top_db = top_db
        frequencies = torch.fft.rfftfreq(self.n_fft, 1 / signal.sample_rate, dtype=torch.float64)
        self.register_buffer("window", torch.hann_window(self.n_fft), persistent=False)
        self.register_buffer("weights", _power_responses(frequencies, n_filters, f_min, f_max), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map signals [batch, channel, time] to maps [batch, channel, n_filters, frame]."""
        x = F.normalize(x, p=math.inf, dim=-1)  # the unit of the signal must not decide what float32 can hold
        spectrum = torch.fft.rfft(x.unfold(-1, self.n_fft, self.hop_length) * self.window)
        energy = (torch.view_as_real(spectrum).square().sum(-1) @ self.weights).mT
        levels = 10 * energy.clamp(min=1e-20).log10()
        levels = levels.clamp(min=levels.amax((-2, -1), keepdim=True) - self.top_db)
        deviation = levels - levels.mean((-2, -1), keepdim=True)
        return deviation / deviation.square().mean((-2, -1), keepdim=True).sqrt().clamp(min=1e-3)


def _power_responses(frequencies: Tensor, n_filters: int, f_min: float, f_max: float) -> Tensor:
    """Return what every filter leaves of the power at every frequency [frequency, filter]."""
    low, high = math.log1p(0.00437 * f_min), math.log1p(0.00437 * f_max)
    steps = (torch.arange(n_filters, dtype=torch.float64) + 0.5) / n_filters
    centres = torch.expm1(low + (high - low) * steps) / 0.00437
    bandwidths = 1.019 * 24.7 * (1 + 0.00437 * centres)
    near, mirrored = ((1 + 1j * (frequencies[:, None] + sign * centres) / bandwidths).pow(-4) for sign in (-1, 1))
    return (near + mirrored).abs().square().float()
