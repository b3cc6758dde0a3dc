"""Added noise."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import torch
from torch import Tensor

from fusionkit.augmentations.probability import ProbabilityOption
from fusionkit.errors import UsageError
from fusionkit.interfaces import Augmentation
from fusionkit.options import Option


class Noise(Augmentation):
    r"""Added Gaussian noise at a random signal-to-noise ratio.

    The ratio is uniform from ``min_snr`` to ``max_snr``, in dB, and the same for all channels of a window; each
    channel gets noise of its own, whose measured level is exactly that of

    .. math:: \mathrm{SNR} = 10 \log_{10} \frac{\frac{1}{T} \sum_t (x_t - \bar{x})^2}{\frac{1}{T} \sum_t n_t^2}

    over the T samples of the window. White noise has the same power at all frequencies, pink noise a power that falls
    with 1/f from the lowest frequency that the window resolves. A constant channel stays as it is. Maps
    [channel, time] to the same shape and unit.

    Raises
    ------
    UsageError
        If ``min_snr`` is above ``max_snr``.
    """

    level = "signal"

    def __init__(
        self,
        _sample_rate: float,
        /,
        *,
        min_snr: Annotated[float, Option("Lowest signal-to-noise ratio, in dB.", ge=-120, le=120)] = 10.0,
        max_snr: Annotated[float, Option("Highest signal-to-noise ratio, in dB.", ge=-120, le=120)] = 30.0,
        colour: Annotated[
            Literal["white", "pink"], Option("white: power alike at all frequencies; pink: power falls with 1/f.")
        ] = "white",
        p: ProbabilityOption = 0.5,
    ) -> None:
        if min_snr > max_snr:
            raise UsageError(
                f"augmentation 'noise': min_snr is {min_snr:g} dB and max_snr {max_snr:g} dB; "
                "expected min_snr <= max_snr"
            )
        self.min_snr, self.max_snr, self.colour, self.p = min_snr, max_snr, colour, p

    def __call__(self, x: Tensor, rng: np.random.Generator, /) -> Tensor:
        """Add noise to a window [channel, time]."""
        if rng.random() >= self.p:
            return x
        snr = rng.uniform(self.min_snr, self.max_snr)
        drawn = rng.standard_normal(x.shape)
        if self.colour == "pink":
            spectrum = np.fft.rfft(drawn)
            spectrum /= np.sqrt(np.arange(spectrum.shape[-1]).clip(1))
            drawn = np.fft.irfft(spectrum, x.shape[-1])
        drawn /= np.sqrt(np.square(drawn).mean(-1, keepdims=True))
        deviation = x.std(-1, correction=0, keepdim=True)
        return x + torch.from_numpy(drawn).to(x) * deviation * 10 ** (-snr / 20)
