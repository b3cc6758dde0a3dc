"""The same signal under two names, at another gain, offset, polarity or start."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fusionkit.data.audit.band import band, rate_steps
from fusionkit.data.audit.excerpts import anchors, cut_excerpts, nearest_elsewhere
from fusionkit.data.audit.overlap import RATE, Match, match
from fusionkit.data.recordings import Recordings

_SHORTEST = 1.0  # s
_LONGEST = 60.0  # s
_LEAST_LONG = 10.0  # s
_SECONDS = 96_000.0  # of all recordings together, as float32 at 500 Hz: 192 MB
_EXCERPTS = 45_000  # of all recordings together
_FEWEST = 6  # of a recording
_CANDIDATE = 0.9
_MOST_ROWS = 20_000


def comparable(records: pd.DataFrame) -> pd.Series[bool]:
    """Return which recordings `near_duplicates` compares, by themselves or by another one with identical samples.

    Those are recordings of at least 1 s whose sample rate has a ratio of whole numbers to 500 Hz. Of more than 20000 of
    them, the longest of each file.

    Parameters
    ----------
    records : DataFrame
        As for `near_duplicates`.
    """
    seconds = records["stop"] - records["start"]
    steps = {rate: rate_steps(rate) for rate in records["sample_rate"].unique()}
    compared = (seconds >= _SHORTEST) & records["sample_rate"].map(lambda rate: steps[rate] is not None).astype(bool)
    if compared.sum() > _MOST_ROWS:
        longest_first = records[compared].iloc[np.argsort(-seconds[compared], kind="stable")]
        compared &= records.index.isin(longest_first.drop_duplicates(_file(records)).index)
    return compared


def with_copies(pairs: pd.DataFrame, records: pd.DataFrame) -> pd.DataFrame:
    """Add to each pair those of all recordings with the same samples, of which `near_duplicates` compares one.

    Parameters
    ----------
    pairs : DataFrame
        What `near_duplicates` returned.
    records : DataFrame
        ``id``, where known ``digest``, and ``content`` or ``path``.

    Returns
    -------
    DataFrame
        The columns of ``pairs``, in their order; no pair within one file.
    """
    if "digest" not in records:
        return pairs
    digests = records.set_index("id")["digest"]
    copies = pd.DataFrame({"digest": records["digest"], "copy": records["id"], "file": records[_file(records)]})
    expanded = pairs
    for side in ("a", "b"):
        tied = expanded.assign(digest=expanded[side].map(digests)).merge(copies, on="digest")
        expanded = tied.assign(**{side: tied["copy"], f"file {side}": tied["file"]})
        expanded = expanded.drop(columns=["digest", "copy", "file"])
    apart = expanded["file a"] != expanded["file b"]
    return expanded.loc[apart, list(pairs)].reset_index(drop=True)


def near_duplicates(
    recordings: Recordings,
    records: pd.DataFrame,
    progress: Callable[[int, int], None] | None = None,
    channels: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Find recordings that hold the same signal.

    Every recording (the first of its channels that is not constant, the first 60 s of it, less in sets of more than
    1600) is brought to 500 Hz and to the band of about 3 to 40 Hz, which no constant offset passes. Excerpts of 0.3 s
    around its highest peaks are compared with those of all other files by one matrix product; where the nearest is
    nearer than 0.9, the two recordings are laid upon each other and compared over all that overlaps.

    A pair counts if the absolute normalised correlation over the overlap is at least 0.99 (0.999 below 3 s, because
    single beats look alike), the overlap is at least half of the shorter one, and the two differ at most half as much
    from each other as the signal differs from itself shifted: a tone, or a perfectly regular rhythm, resembles every
    other of its kind and proves nothing.

    Not compared are recordings below 1 s or of a rate without a ratio of whole numbers to 500 Hz, segments of one file
    (which is what the leak kind ``file`` is for), all but the first of recordings with identical samples (see
    `with_copies`), recordings that are not finite or above 1e15, and, of more than 20000 recordings, all but the
    longest of each file. Not found are copies that begin beyond the seconds compared, and some of the copies below 2 s,
    which have few peaks in common with the whole.

    Parameters
    ----------
    recordings : Recordings
        Where the signals are read.
    records : DataFrame
        ``id``, ``start`` and ``stop`` (s), ``sample_rate`` (Hz), and where known ``content`` or ``path``, and
        ``digest``.
    progress : callable, optional
        Called with the number of recordings read so far and of all.
    channels : sequence of str, optional
        The channels that are used, by name; None: all.

    Returns
    -------
    DataFrame
        A row a pair: ``a``, ``b``, ``similarity`` (absolute correlation), ``lag_s`` (``b`` begins that many s after
        ``a``; negative: before it) and ``gain`` (``b`` is that many times ``a``; negative: turned over). The
        nearest come first.
    """
    compared = records[comparable(records)]
    distinct = compared.drop_duplicates("digest") if "digest" in records else compared
    file = _file(records)
    rows = distinct.sort_values(file, kind="stable").to_dict("records")
    seconds = min(_LONGEST, max(_LEAST_LONG, _SECONDS / max(len(rows), 1)))
    most = max(_FEWEST, _EXCERPTS // max(len(rows), 1))

    signals: list[NDArray[np.float32]] = []
    excerpts: list[NDArray[np.float32]] = []
    owners: list[int] = []
    places: list[int] = []
    for number, row in enumerate(rows):
        stop = min(row["stop"], row["start"] + seconds)
        signals.append(band(recordings, row["id"], row["start"], stop, channels))
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


def _file(records: pd.DataFrame) -> str:
    """Return the column that tells the files apart."""
    return next(column for column in ("content", "path", "id") if column in records)


def _table(pairs: list[tuple[str, str, float, float, float]]) -> pd.DataFrame:
    frame = pd.DataFrame(pairs, columns=["a", "b", "similarity", "lag_s", "gain"])
    return frame.sort_values(["similarity", "a", "b"], ascending=[False, True, True], ignore_index=True)
