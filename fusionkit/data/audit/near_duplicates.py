"""The same signal under two names, at another gain, offset, polarity or start."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fusionkit.data.audit.excerpts import anchors, cut_excerpts, nearest_elsewhere
from fusionkit.data.audit.overlap import RATE, Match, match
from fusionkit.data.recordings import Recordings
from fusionkit.data.resample import resample

_SHORTEST = 1.0  # s
_LONGEST = 60.0  # s
_LEAST_LONG = 10.0  # s
_SECONDS = 96_000.0  # of all recordings together, as float32 at 500 Hz: 192 MB
_EXCERPTS = 45_000  # of all recordings together
_FEWEST = 6  # of a recording
_LOW, _HIGH = 3.0, 25.0  # Hz, standard deviations of the Gaussian responses
_CANDIDATE = 0.9
_TRIM = 0.16  # s; three standard deviations of the wider Gaussian


def near_duplicates(
    recordings: Recordings, records: pd.DataFrame, progress: Callable[[int, int], None] | None = None
) -> pd.DataFrame:
    """Find recordings that hold the same signal.

    Every recording (its first channel that is not constant, the first 60 s of it, less in sets of more than 1600) is
    brought to 500 Hz and to the band of about 3 to 40 Hz, which no constant offset passes. Excerpts of 0.3 s
    around its highest peaks are compared with those of all other files by one matrix product; where the nearest is
    nearer than 0.9, the two recordings are laid upon each other and compared over all that overlaps.

    A pair counts if the absolute normalised correlation over the overlap is at least 0.99 (0.999 below 3 s, because
    single beats look alike), the overlap is at least half of the shorter one, and the two differ at most half as much
    from each other as the signal differs from itself shifted: a tone, or a perfectly regular rhythm, resembles every
    other of its kind and proves nothing.

    Not compared are recordings below 1 s, segments of one file (which is what the leak kind ``file`` is for), and all
    but the first of recordings with identical samples (which is what `identical` is for). Not found are copies that
    begin beyond the seconds compared, and some of the copies below 2 s, which have few peaks in common with the whole.

    Parameters
    ----------
    recordings : Recordings
        Where the signals are read.
    records : DataFrame
        ``id``, ``start`` and ``stop`` (s), ``sample_rate`` (Hz), and where known ``content`` or ``path``, and
        ``digest``.
    progress : callable, optional
        Called with the number of recordings read so far and of all.

    Returns
    -------
    DataFrame
        A row a pair: ``a``, ``b``, ``similarity`` (absolute correlation), ``lag_s`` (``b`` begins that many s after
        ``a``; negative: before it) and ``gain`` (``b`` is that many times ``a``; negative: turned over). The
        nearest come first.
    """
    long_enough = records[records["stop"] - records["start"] >= _SHORTEST]
    distinct = long_enough.drop_duplicates("digest") if "digest" in records else long_enough
    file = next(column for column in ("content", "path", "id") if column in records)
    rows = distinct.sort_values(file, kind="stable").to_dict("records")
    seconds = min(_LONGEST, max(_LEAST_LONG, _SECONDS / max(len(rows), 1)))
    most = max(_FEWEST, _EXCERPTS // max(len(rows), 1))

    signals: list[NDArray[np.float32]] = []
    excerpts: list[NDArray[np.float32]] = []
    owners: list[int] = []
    places: list[int] = []
    for number, row in enumerate(rows):
        signals.append(_band(recordings, row["id"], row["start"], min(row["stop"], row["start"] + seconds)))
        peaks = anchors(signals[-1], most)
        excerpts.append(cut_excerpts(signals[-1], peaks))
        owners += [number] * len(peaks)
        places += peaks.tolist()
        if progress:
            progress(number + 1, len(rows))
    if not owners:
        return _table([])

    files = np.unique([row[file] for row in rows], return_inverse=True)[1]
    nearest, similarity = nearest_elsewhere(np.concatenate(excerpts), files[owners])
    candidates = {
        (owners[here], owners[there], places[here] - places[there])
        if owners[here] < owners[there]
        else (owners[there], owners[here], places[there] - places[here])
        for here, there in enumerate(nearest)
        if similarity[here] >= _CANDIDATE
    }
    best: dict[tuple[int, int], Match] = {}
    for a, b, lag in sorted(candidates):
        found = match(signals[a], signals[b], lag)
        if found and ((a, b) not in best or found.similarity > best[a, b].similarity):
            best[a, b] = found
    names = [row["id"] for row in rows]
    return _table([(names[a], names[b], m.similarity, m.lag / RATE, m.gain) for (a, b), m in best.items()])


def _table(pairs: list[tuple[str, str, float, float, float]]) -> pd.DataFrame:
    frame = pd.DataFrame(pairs, columns=["a", "b", "similarity", "lag_s", "gain"])
    return frame.sort_values(["similarity", "a", "b"], ascending=[False, True, True], ignore_index=True)


def _band(recordings: Recordings, record: str, start: float, stop: float) -> NDArray[np.float32]:
    """Return the first channel that is not constant, at 500 Hz, between two Gaussian responses; empty if all are."""
    from scipy.ndimage import gaussian_filter1d

    rate = recordings.header(record).sample_rate
    samples = recordings.read(record, round(start * rate), round(stop * rate))
    alive = samples[np.ptp(samples, axis=1) > 0]
    if not len(alive):
        return np.zeros(0, dtype=np.float32)
    ratio = Fraction(RATE / rate).limit_denominator(500)
    signal = resample(alive[0] - alive[0].mean(), ratio.numerator, ratio.denominator)
    narrow, wide = (gaussian_filter1d(signal, RATE / (2 * np.pi * edge)) for edge in (_HIGH, _LOW))
    trim = round(_TRIM * RATE)
    return np.asarray(narrow - wide, dtype=np.float32)[trim:-trim]
