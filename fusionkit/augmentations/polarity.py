"""Random sign."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from fusionkit.augmentations.probability import ProbabilityOption
from fusionkit.interfaces import Augmentation


class Polarity(Augmentation):
    """Random change of the sign of all channels of a window [channel, time].

    For signals whose sign is arbitrary, such as sound from a microphone. The sign of an ECG means something.
    """

    level = "signal"

    def __init__(self, _sample_rate: float, /, *, p: ProbabilityOption = 0.5) -> None:
        self.p = p

    def __call__(self, x: Tensor, rng: np.random.Generator, /) -> Tensor:
        """Change the sign of a window [channel, time]."""
        return x if rng.random() >= self.p else -x
