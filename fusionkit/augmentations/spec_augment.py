"""Masks over frequency and time."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fusionkit.augmentations.probability import ProbabilityOption
from fusionkit.interfaces import Augmentation
from fusionkit.options import Option

_Count = Annotated[int, Option("How many masks; they may overlap.", ge=0, le=100)]
_Share = Annotated[float, Option("Width of the widest mask, as a share of the axis.", ge=0, le=1)]


class SpecAugment(Augmentation):
    r"""Masks of random width and place over frequency and time, the masking of SpecAugment [1]_.

    On an axis of length N, the width w of a mask is uniform over the whole numbers from 0 to ``share`` N (rounded), and
    its first row or column uniform over those from 0 to N - w. All channels have the same masks; what is masked becomes
    the mean of its channel, taken before masking (the zero of the source, whose spectrograms have mean 0). There is no
    time warping. Maps a view [channel, freq, time] to the same shape and unit.

    References
    ----------
    .. [1] D. S. Park, W. Chan, Y. Zhang, C.-C. Chiu, B. Zoph, E. D. Cubuk, Q. V. Le, "SpecAugment: a simple data
       augmentation method for automatic speech recognition", Interspeech, 2019, doi:10.21437/Interspeech.2019-2680.
    """

    level = "view"

    def __init__(
        self,
        _sample_rate: float,
        /,
        *,
        n_freq_masks: _Count = 2,
        freq_mask_share: _Share = 0.1,
        n_time_masks: _Count = 2,
        time_mask_share: _Share = 0.1,
        p: ProbabilityOption = 0.5,
    ) -> None:
        self._freq = n_freq_masks, freq_mask_share
        self._time = n_time_masks, time_mask_share
        self.p = p

    def __call__(self, x: Tensor, rng: np.random.Generator, /) -> Tensor:
        """Mask a view [channel, freq, time]."""
        if rng.random() >= self.p:
            return x
        rows = _masked(x.shape[-2], *self._freq, rng)
        columns = _masked(x.shape[-1], *self._time, rng)
        masked = torch.from_numpy(rows[:, None] | columns).to(x.device)
        return torch.where(masked, x.mean((-2, -1), keepdim=True), x)


def _masked(length: int, count: int, share: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return which places of an axis lie under a mask."""
    masked = np.zeros(length, dtype=np.bool_)
    for _ in range(count):
        width = int(rng.integers(0, round(share * length), endpoint=True))
        first = int(rng.integers(0, length - width, endpoint=True))
        masked[first : first + width] = True
    return masked
