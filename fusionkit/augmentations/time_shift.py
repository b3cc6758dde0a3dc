"""Random shift in time."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from torch import Tensor

from fusionkit.augmentations.probability import ProbabilityOption
from fusionkit.errors import UsageError
from fusionkit.interfaces import Augmentation
from fusionkit.options import Option


class TimeShift(Augmentation):
    """Random shift of a window [channel, time], the same for all channels.

    The shift is a whole number of samples, uniform over all from ``-max_shift`` to ``max_shift``; a positive one moves
    the signal to later times.

    Raises
    ------
    UsageError
        If the window is not longer than ``max_shift``.
    """

    level = "signal"

    def __init__(
        self,
        sample_rate: float,
        /,
        *,
        max_shift: Annotated[float, Option("Longest shift to either side, in s.", ge=0)] = 0.1,
        fill: Annotated[
            Literal["circular", "zeros"],
            Option("What moves in at the end: circular is what moved out at the other end, zeros is silence."),
        ] = "circular",
        p: ProbabilityOption = 0.5,
    ) -> None:
        self._samples = round(max_shift * sample_rate)
        self._sample_rate = sample_rate
        self.fill, self.p = fill, p

    def __call__(self, x: Tensor, rng: np.random.Generator, /) -> Tensor:
        """Shift a window [channel, time]."""
        if self._samples >= x.shape[-1]:
            raise UsageError(
                f"augmentation 'time_shift': max_shift is {self._samples / self._sample_rate:g} s, but a window lasts "
                f"{x.shape[-1] / self._sample_rate:g} s; choose a shorter max_shift"
            )
        if rng.random() >= self.p:
            return x
        shift = int(rng.integers(-self._samples, self._samples, endpoint=True))
        shifted = x.roll(shift, -1)
        if self.fill == "zeros":
            shifted[..., slice(shift) if shift >= 0 else slice(shift, None)] = 0
        return shifted
