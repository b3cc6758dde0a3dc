"""Near-duplicates of a data set, looked for once and kept on disk."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from collections.abc import Sequence

import pandas as pd

from fusionkit.data.audit.near_duplicates import near_duplicates
from fusionkit.data.code_version import code_version
from fusionkit.data.recordings import Recordings
from fusionkit.data.view_cache import Progress, cache_folder

_HASH = 64


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
    with contextlib.suppress(OSError, ValueError):
        held = entry.read_text(encoding="utf-8")
        stated, table = held[:_HASH], held[_HASH + 1 :]
        if hashlib.sha256(table.encode()).hexdigest() == stated:
            return pd.read_csv(io.StringIO(table), dtype={"a": str, "b": str}, keep_default_na=False)
    pairs = near_duplicates(recordings, records, progress, channels)
    table = pairs.to_csv(index=False, lineterminator="\n")
    unfinished = entry.with_name(f".unfinished-{os.getpid()}-{entry.name}")
    # A cache that cannot be written costs the search again, no more.
    with contextlib.suppress(OSError):
        entry.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(f"{hashlib.sha256(table.encode()).hexdigest()}\n{table}", encoding="utf-8", newline="")
        unfinished.replace(entry)
    return pairs
