"""Which recordings belong together, so that no split may divide them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

TIES = ("subject", "content", "digest", "path", "twin")
"""Columns that tie recordings together: person, bytes of the file, samples, file of a segment, near-duplicate."""
FILE_TIES = ("content", "path")


def shared_files(records: pd.DataFrame) -> pd.Series[bool]:
    """Return whether the file of a recording holds segments of several persons, so that it ties nothing together."""
    if not {"path", "subject"} <= set(records.columns):
        return pd.Series(False, index=records.index)
    return records.groupby("path")["subject"].transform("nunique") > 1


def subject_groups(records: pd.DataFrame) -> NDArray[np.intp]:
    """Return a number for every recording: equal where a tie is shared, directly or through other recordings.

    The numbers do not depend on the order of the recordings. A missing value ties nothing, and neither does a file that
    holds segments of several persons.

    Parameters
    ----------
    records : DataFrame
        A row a recording: ``id`` and any of `TIES`.
    """
    count = len(records)
    alone = "\0" + records["id"].astype(str)
    shared = shared_files(records)
    columns = [
        records[name].astype(object).where(records[name].notna() & ~(shared & (name in FILE_TIES)), alone)
        for name in TIES
        if name in records
    ]
    codes = [pd.factorize(column.astype(str), sort=True)[0] for column in columns or [alone]]
    offsets = np.cumsum([count, *(code.max() + 1 for code in codes)])
    rows = np.tile(np.arange(count), len(codes))
    values = np.concatenate([code + offset for code, offset in zip(codes, offsets[:-1], strict=True)])
    components = _components(rows, values, int(offsets[-1]))[:count]
    # Each is named by the first of its subjects, so that the order of the recordings does not matter.
    first = np.full(components.max() + 1, count)
    np.minimum.at(first, components, codes[0])
    return np.asarray(first[components], dtype=np.intp)


def twins(records: pd.DataFrame, pairs: pd.DataFrame) -> pd.Series[str]:
    """Return the column ``twin``: one name for all recordings that pairs tie together, missing for all others.

    Parameters
    ----------
    records : DataFrame
        A row a recording: ``id``.
    pairs : DataFrame
        ``a`` and ``b``, as `near_duplicates` returns them.
    """
    count = len(records)
    places = pd.Series(range(count), index=records["id"])
    a, b = (places[pairs[end]].to_numpy() for end in ("a", "b"))
    components = pd.Series(_components(a, b, count), index=records.index)
    tied = components.duplicated(keep=False)
    return records["id"][tied].groupby(components[tied]).transform("min").reindex(records.index)


def _components(a: NDArray[np.integer[Any]], b: NDArray[np.integer[Any]], count: int) -> NDArray[np.intp]:
    """Return for each of so many nodes the first of its component, where a and b are the ends of links."""
    # Not scipy's: every run would wait 0.15 s for the import.
    first = np.arange(count)
    while (first[a] != first[b]).any():
        lower = np.minimum(first[a], first[b])
        np.minimum.at(first, first[a], lower)
        np.minimum.at(first, first[b], lower)
        while (first != first[first]).any():
            first = first[first]
    return first
