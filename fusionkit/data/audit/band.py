"""The part of a recording in which copies are looked for: about 3 to 40 Hz, at 500 Hz."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from fusionkit.data.audit.overlap import RATE
from fusionkit.data.recordings import Recordings
from fusionkit.data.resample import resample, resample_ratio
from fusionkit.errors import DataError

_LOW, _HIGH = 3.0, 25.0  # Hz, standard deviations of the Gaussian responses
_TRIM = 0.16  # s; three standard deviations of the wider Gaussian
_LARGEST = 1e15  # sums of squares of more are no float32


def rate_steps(rate: float) -> tuple[int, int, int] | None:
    """Return the whole numbers (first, up, down) with 500 Hz = rate / first * up / down; None if there are none.

    ``first`` is 1 but at rates so high that the ratio would not be one of numbers up to 10000.
    """
    for first in range(1, max(1, int(rate / RATE)) + 1):
        with suppress(DataError):
            return first, *resample_ratio(rate / first, RATE)
    return None


def band(
    recordings: Recordings, record: str, start: float, stop: float, channels: Sequence[str] | None
) -> NDArray[np.float32]:
    """Return the first of the channels (none: of all) that is not constant, between two Gaussian responses.

    Empty if all are constant, if the rate has no `rate_steps`, or if a sample of the result is above 1e15 or not
    finite.
    """
    from scipy.ndimage import gaussian_filter1d

    header = recordings.header(record)
    rate, steps = header.sample_rate, rate_steps(header.sample_rate)
    samples = recordings.read(record, round(start * rate), round(stop * rate))
    if channels is not None:
        samples = samples[[header.channel_names.index(name) for name in channels if name in header.channel_names]]
    with np.errstate(all="ignore"):
        alive = samples[samples.min(axis=1) != samples.max(axis=1)]
        if not len(alive) or steps is None:
            return np.zeros(0, dtype=np.float32)
        first, up, down = steps
        signal = resample(resample(alive[0] - alive[0].mean(), 1, first), up, down)
        narrow, wide = (gaussian_filter1d(signal, RATE / (2 * np.pi * edge)) for edge in (_HIGH, _LOW))
        trim = round(_TRIM * RATE)
        passed = np.asarray(narrow - wide, dtype=np.float32)[trim:-trim]
        return passed if np.all(np.abs(passed) <= _LARGEST) else passed[:0]
