"""Removal of friction spikes from heart sounds."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from fusionkit.interfaces import Preprocessor
from fusionkit.options import Option


class Spikes(Preprocessor):
    """Removal of spikes, such as friction of the stethoscope, from a heart sound [1]_.

    Each channel is cut into frames of 500 ms. As long as the largest magnitude of a frame is more than three times the
    median of those of all frames, the spike around the largest one is replaced by zeros: the samples from the zero
    crossing before it to the one after it, or to the ends of the frame.

    The published procedure does not say what becomes of two cases: the last frame is a shorter one where the signal
    ends within it, and frames of nothing but zeros do not count for the median, or a recording that is silent for more
    than half of its length would be erased. Expects a signal with zero mean: put ``bandpass`` before it.

    Maps [channel, time] to the same shape and unit. What a spike is depends on the level of the recording: recordings
    up to ``context`` are judged as a whole, of longer ones what lies within ``context`` of a window. There the frames
    are counted from where that stretch begins, so that windows which overlap may be cut into frames differently.

    References
    ----------
    .. [1] S. E. Schmidt, C. Holst-Hansen, C. Graff, E. Toft, J. J. Struijk, "Segmentation of heart sound recordings by
       a duration-dependent hidden Markov model", Physiological Measurement 31(4), 2010,
       doi:10.1088/0967-3334/31/4/004.
    """

    def __init__(
        self,
        sample_rate: float,
        /,
        *,
        frame: Annotated[float, Option("Length of a frame, in s.", gt=0, le=60)] = 0.5,
        threshold: Annotated[float, Option("How many times the median is too much.", ge=1)] = 3.0,
        context: Annotated[
            float, Option("How much signal is looked at before and after a window, in s.", ge=0, le=3600)
        ] = 120.0,
    ) -> None:
        self._size = max(1, round(frame * sample_rate))
        self.threshold = threshold
        self.context = context

    def __call__(self, x: NDArray[np.float32], /) -> NDArray[np.float32]:
        """Replace the spikes in a signal [channel, time] by zeros."""
        cleaned = x.copy()
        for channel in cleaned:
            self._clean(channel)
        return cleaned

    def _clean(self, channel: NDArray[np.float32]) -> None:
        peaks = np.maximum.reduceat(np.abs(channel), np.arange(0, len(channel), self._size))
        while peaks.any() and peaks.max() > self.threshold * np.median(peaks[peaks > 0]):
            number = int(peaks.argmax())
            frame = channel[number * self._size : (number + 1) * self._size]
            top = int(np.abs(frame).argmax())
            beyond = np.flatnonzero(np.sign(frame) != np.sign(frame[top]))
            after = int(np.searchsorted(beyond, top))
            start = beyond[after - 1] + 1 if after > 0 else 0
            stop = beyond[after] if after < len(beyond) else len(frame)
            frame[start:stop] = 0
            peaks[number] = np.abs(frame).max()
