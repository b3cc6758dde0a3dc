"""Finding the task in the labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fusionkit.data.labels import membership
from fusionkit.errors import DataError
from fusionkit.interfaces import Task

# A class that means "nothing found" stands first, so that the probability of a binary task is that of the finding.
NEGATIVE = ("normal", "negative", "healthy", "control", "absent", "no", "false", "0", "-1", "n")


def order_classes(labels: Sequence[str], order: Sequence[str] | None = None) -> tuple[str, ...]:
    """Return the classes of some labels in the order of the outputs.

    Parameters
    ----------
    labels : sequence of str
        The classes of the records, a class as often as it occurs or once.
    order : sequence of str, optional
        The classes as the user or the data set orders them. Otherwise a class whose name means that nothing was
        found (normal, negative, healthy, ...) comes first and the rest is sorted.

    Raises
    ------
    DataError
        If a label is missing in the order, or there is only one class.
    """
    found = sorted(set(labels))
    if order is not None:
        unknown = [label for label in found if label not in order]
        if unknown:
            raise DataError(f"labels {', '.join(map(repr, unknown))} are not among the classes {', '.join(order)}")
        found = [name for name in dict.fromkeys(order) if name in found]
    else:
        numbers = all(name.removeprefix("-").isdecimal() for name in found)
        found.sort(key=lambda name: (name.lower() not in NEGATIVE, int(name) if numbers else 0, name))
    if len(found) < 2:
        raise DataError(
            f"the data have {len(found)} class ({', '.join(found) or 'none'}); a classifier needs two or more"
        )
    return tuple(found)


def make_task(classes: tuple[str, ...], *, multilabel: bool = False, binary_outputs: int = 1) -> Task:
    """Return the task of these classes: two that exclude each other share one output, unless they shall have two."""
    if multilabel:
        return Task("multilabel", classes, len(classes))
    if len(classes) == 2:
        return Task("binary", classes, binary_outputs)
    return Task("multiclass", classes, len(classes))


def make_targets(labels: Sequence[str], task: Task) -> NDArray[np.int64]:
    """Return the class number of every label; for a multi-label task [label, class], 1 where it names the class."""
    if task.kind == "multilabel":
        return membership(labels, task.classes, multilabel=True).astype(np.int64)
    places = {name: number for number, name in enumerate(task.classes)}
    return np.array([places[label] for label in labels], dtype=np.int64)
