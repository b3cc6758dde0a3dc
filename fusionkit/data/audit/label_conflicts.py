"""Copies within a data set, and labels that contradict each other."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import pandas as pd

from fusionkit.data.audit.listed import listed


@dataclass(frozen=True)
class Copies:
    """Recordings that hold the same signal.

    Parameters
    ----------
    kind : str
        ``identical`` or ``near-identical``.
    records : tuple of str
        Two or more.
    labels : tuple of str
        The labels they have, each once, in alphabetical order; more than one: they conflict.
    """

    kind: str
    records: tuple[str, ...]
    labels: tuple[str, ...]

    def __str__(self) -> str:
        labels = f" labelled {' and '.join(self.labels)}" if len(self.labels) > 1 else ""
        return f"{self.kind}{labels}: {listed(self.records)}"


def identical(records: pd.DataFrame) -> tuple[Copies, ...]:
    """Find recordings with the same samples under different names.

    Parameters
    ----------
    records : DataFrame
        ``id``, ``digest`` and, where known, ``label``.
    """
    copies = records[records.duplicated("digest", keep=False)]
    groups: dict[str, list[tuple[str, str]]] = defaultdict(list)
    labels = copies["label"] if "label" in copies else [""] * len(copies)
    for digest, record, label in zip(copies["digest"], copies["id"], labels, strict=True):
        groups[digest].append((record, label))
    return tuple(_copies("identical", group) for group in groups.values())


def label_conflicts(records: pd.DataFrame, near: pd.DataFrame | None = None) -> tuple[Copies, ...]:
    """Find identical recordings, and near-identical pairs, that have different labels.

    Parameters
    ----------
    records : DataFrame
        ``id``, ``digest`` and ``label``.
    near : DataFrame, optional
        Pairs from `near_duplicates`.
    """
    found = list(identical(records))
    if near is not None:
        labels = dict(zip(records["id"], records["label"], strict=True))
        pairs = zip(near["a"], near["b"], strict=True)
        found += [_copies("near-identical", [(a, labels[a]), (b, labels[b])]) for a, b in pairs]
    return tuple(copies for copies in found if len(copies.labels) > 1)


def mixed_subjects(records: pd.DataFrame) -> tuple[str, ...]:
    """Return the subjects whose recordings have different labels: usual for beats, a question for diagnoses."""
    if "subject" not in records or "label" not in records:
        return ()
    kinds = records.groupby("subject")["label"].nunique()
    return tuple(map(str, kinds.index[kinds > 1]))


def _copies(kind: str, group: list[tuple[str, str]]) -> Copies:
    return Copies(kind, tuple(record for record, _ in group), tuple(sorted({label for _, label in group})))
