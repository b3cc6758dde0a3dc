"""What stands in two parts of a split and must not."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import pandas as pd

from fusionkit.data.audit.listed import listed
from fusionkit.data.subject_groups import FILE_TIES, shared_files

# Kind, the column that must not be torn apart, and the column in which its rows must differ: otherwise the kind above
# has told of them already.
_KINDS = (
    ("subject", "subject", None),
    ("file", "path", None),
    ("content", "content", "path"),
    ("samples", "digest", "content"),
)
_TEXT = {
    "subject": "subject",
    "file": "segments of the file",
    "content": "copies of one file",
    "samples": "the same samples",
}


@dataclass(frozen=True)
class Leak:
    """Recordings that belong together and stand in different parts.

    Parameters
    ----------
    kind : str
        ``subject``, ``file`` (segments of one file), ``content`` (copies of a file), ``samples`` (other files, the
        same samples) or ``near-duplicate``.
    fold : str
        The fold.
    what : str
        The subject, the file, or how near the duplicate is.
    parts : tuple of str
        The parts, in alphabetical order.
    records : tuple of str
        All recordings concerned.
    """

    kind: str
    fold: str
    what: str
    parts: tuple[str, ...]
    records: tuple[str, ...]

    def __str__(self) -> str:
        return f"fold {self.fold}: {self.what} in {' and '.join(self.parts)}: {listed(self.records)}"


def find_leaks(records: pd.DataFrame, folds: pd.DataFrame, near: pd.DataFrame | None = None) -> tuple[Leak, ...]:
    """Find what stands in two parts of a fold; the part ``unused`` does not count.

    Parameters
    ----------
    records : DataFrame
        ``id`` and, where known, ``subject``, ``path``, ``content`` and ``digest``.
    folds : DataFrame
        ``fold``, ``record`` and ``split``.
    near : DataFrame, optional
        Pairs from `near_duplicates`.

    Returns
    -------
    tuple of Leak
        One a subject, file, content or pair, and fold.
    """
    used = folds[folds["split"] != "unused"]
    known = [column for _, column, _ in _KINDS if column in records]
    table = used.merge(records[["id", *known]], left_on="record", right_on="id")
    of_one = table[~shared_files(table)]
    leaks: list[Leak] = []
    for kind, column, finer in _KINDS:
        if column in table:
            leaks += _torn(of_one if column in FILE_TIES else table, kind, column, finer if finer in table else None)
    if near is not None and len(near):
        leaks += _torn_pairs(used, near)
    return tuple(leaks)


def _torn(table: pd.DataFrame, kind: str, column: str, finer: str | None) -> list[Leak]:
    keys = ["fold", column]
    for other in ("split", finer):
        if other is not None:
            seen = table[[*keys, other]].drop_duplicates()
            torn = seen[seen.duplicated(keys)][keys].drop_duplicates()
            table = table.merge(torn, on=keys)
    groups: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for fold, key, split, record in zip(table["fold"], table[column], table["split"], table["record"], strict=True):
        groups[str(fold), str(key)].append((split, record))
    return [
        Leak(
            kind,
            fold,
            f"{_TEXT[kind]} {key}" if kind in ("subject", "file") else _TEXT[kind],
            tuple(sorted({split for split, _ in rows})),
            tuple(record for _, record in rows),
        )
        for (fold, key), rows in groups.items()
    ]


def _torn_pairs(folds: pd.DataFrame, near: pd.DataFrame) -> list[Leak]:
    splits = folds[["fold", "record", "split"]]
    pairs = near.merge(splits, left_on="a", right_on="record").merge(
        splits, left_on=["b", "fold"], right_on=["record", "fold"], suffixes=("_a", "_b")
    )
    return [
        Leak(
            "near-duplicate",
            str(row["fold"]),
            f"near-duplicates (similarity {row['similarity']:.4f}, lag {row['lag_s']:.3f} s, gain {row['gain']:.3g})",
            tuple(sorted((row["split_a"], row["split_b"]))),
            (row["a"], row["b"]),
        )
        for row in pairs[pairs["split_a"] != pairs["split_b"]].to_dict("records")
    ]
