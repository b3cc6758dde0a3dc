"""Near-duplicates of a data set, looked for once and kept on disk."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence

import pandas as pd

from fusionkit.data.audit.near_duplicates import near_duplicates
from fusionkit.data.cache_folder import cache_folder
from fusionkit.data.code_version import code_version
from fusionkit.data.kept_text import keep, read_kept
from fusionkit.data.parallel_blocks import Progress
from fusionkit.data.recordings import Recordings


def near_pairs(
    recordings: Recordings,
    records: pd.DataFrame,
    progress: Progress | None = None,
    channels: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Return what `near_duplicates` returns, from the cache where the same recordings were compared before.

    Parameters
    ----------
    recordings : Recordings
        Where the signals are read.
    records : DataFrame
        What the scan returned.
    progress : callable, optional
        Called with the number of recordings read so far and of all.
    channels : sequence of str, optional
        The channels that are used, by name; None: all.
    """
    columns = [name for name in ("id", "digest", "content", "path", "start", "stop") if name in records]
    text = records[columns].to_csv(index=False)
    key = hashlib.sha256(f"{code_version('data')} {channels and list(channels)} {text}".encode()).hexdigest()
    entry = cache_folder() / "near-duplicates" / f"{key}.csv"
    table = read_kept(entry)
    if table is not None:
        return pd.read_csv(io.StringIO(table), dtype={"a": str, "b": str}, keep_default_na=False)
    pairs = near_duplicates(recordings, records, progress, channels)
    keep(entry, pairs.to_csv(index=False, lineterminator="\n"))
    return pairs
