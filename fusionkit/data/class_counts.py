"""How many recordings of each class a group or a part has, and whether that is enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fusionkit.data.labels import label_classes, membership
from fusionkit.data.subject_groups import subject_groups
from fusionkit.errors import DataError


@dataclass(frozen=True)
class Strata:
    """Groups and classes of recordings.

    Parameters
    ----------
    classes : tuple of str
        Class names, sorted.
    members : ndarray [recording, class] of bool
        Which recording belongs to which class.
    groups : ndarray [recording] of int
        Recordings with one number may not be divided.
    noun : str
        What errors call a group.
    """

    classes: tuple[str, ...]
    members: NDArray[np.bool_]
    groups: NDArray[np.intp]
    noun: str

    def counts(self, rows: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Return the position of each chosen recording's group, and the count [group, class], without empty classes."""
        places, groups = pd.factorize(self.groups[rows], sort=True)
        members = self.members[rows]
        present = members[:, members.any(axis=0)].T
        return places, np.stack([np.bincount(places, weights=column, minlength=len(groups)) for column in present], 1)

    def require_groups(self, rows: NDArray[np.bool_], least: int, where: str, need: str) -> None:
        """Refuse classes that have fewer groups than are needed; a class without any is left to others.

        Raises
        ------
        DataError
            Naming the first such class.
        """
        for name, member in zip(self.classes, self.members.T, strict=True):
            groups = self.groups[rows & member]
            count = len(np.unique(groups))
            if 0 < count < least:
                shared = self.noun == "recording" and count < len(groups)
                tied = ", since what shares a file or its content counts once" if shared else ""
                raise DataError(
                    f"{where}: class {name!r} has {count} {self.noun}{'s' * (count != 1)}{tied}; "
                    f"{need} need at least {least}: add {self.noun}s, merge classes or leave the class out"
                )

    def require_classes(self, parts: NDArray[np.object_], fold: str, least: dict[str, int]) -> None:
        """Refuse a part that has recordings of fewer classes than are needed.

        Raises
        ------
        DataError
            Naming the fold, the part, and the count of every class.
        """
        for part, expected in least.items():
            counts = self.members[parts == part].sum(axis=0)
            if (counts > 0).sum() < expected:
                found = ", ".join(f"{name} {count}" for name, count in zip(self.classes, counts, strict=True))
                raise DataError(
                    f"fold {fold!r}: the {part} part has {found}; expected recordings of at least {expected} classes: "
                    "choose another split, seed or fraction, or merge classes"
                )


def make_strata(records: pd.DataFrame, *, record_wise: bool, multilabel: bool) -> Strata:
    """Return groups and classes of recordings.

    Parameters
    ----------
    records : DataFrame
        A row a recording: ``id``, ``label`` and what ties recordings together.
    record_wise : bool
        Whether each recording is a group of its own, whatever it shares with others.
    multilabel : bool
        Whether a label names several classes.

    Raises
    ------
    DataError
        If there are fewer than two classes.
    """
    labels: Sequence[str] = records["label"].tolist()
    classes = sorted({name for label in set(labels) for name in label_classes(label, multilabel)})
    if len(classes) < 2:
        raise DataError(f"all {len(labels)} recordings have the label {labels[0]!r}; expected two classes or more")
    if record_wise:
        groups = np.asarray(pd.factorize(records["id"], sort=True)[0], dtype=np.intp)
    else:
        groups = subject_groups(records)
    noun = "subject" if "subject" in records and not record_wise else "recording"
    return Strata(tuple(classes), membership(labels, classes, multilabel), groups, noun)
