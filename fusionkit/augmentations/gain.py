"""Random loudness."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from torch import Tensor

from fusionkit.augmentations.probability import ProbabilityOption
from fusionkit.errors import UsageError
from fusionkit.interfaces import Augmentation
from fusionkit.options import Option


class Gain(Augmentation):
    r"""Random gain, the same for all channels, so that leads keep their proportions.

    Multiplies a window [channel, time] by :math:`10^{g / 20}` with g uniform from ``min_gain`` to ``max_gain``. A view
    that is scaled by its own statistics does not notice: set its ``scale`` to none.

    Raises
    ------
    UsageError
        If ``min_gain`` is above ``max_gain``.
    """

    level = "signal"

    def __init__(
        self,
        _sample_rate: float,
        /,
        *,
        min_gain: Annotated[float, Option("Lowest gain, in dB.", ge=-120, le=120)] = -6.0,
        max_gain: Annotated[float, Option("Highest gain, in dB.", ge=-120, le=120)] = 6.0,
        p: ProbabilityOption = 0.5,
    ) -> None:
        if min_gain > max_gain:
            raise UsageError(
                f"augmentation 'gain': min_gain is {min_gain:g} dB and max_gain {max_gain:g} dB; "
                "expected min_gain <= max_gain"
            )
        self.min_gain, self.max_gain, self.p = min_gain, max_gain, p

    def __call__(self, x: Tensor, rng: np.random.Generator, /) -> Tensor:
        """Change the loudness of a window [channel, time]."""
        if rng.random() >= self.p:
            return x
        return x * 10 ** (rng.uniform(self.min_gain, self.max_gain) / 20)
