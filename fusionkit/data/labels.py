"""Labels as sets of classes: one class a recording, or several with semicolons between them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SEPARATOR = ";"


def label_classes(label: str, multilabel: bool) -> tuple[str, ...]:
    """Return the classes that a label names: the label itself, or what stands between its semicolons."""
    if not multilabel:
        return (label,)
    return tuple(name for part in label.split(SEPARATOR) if (name := part.strip()))


def membership(labels: Iterable[str], classes: Sequence[str], multilabel: bool) -> NDArray[np.bool_]:
    """Return [recording, class]: whether a recording belongs to a class.

    Raises
    ------
    KeyError
        If a label names a class that is not among the classes.
    """
    import numpy as np

    places = {name: number for number, name in enumerate(classes)}
    rows = [label_classes(label, multilabel) for label in labels]
    members = np.zeros((len(rows), len(classes)), dtype=bool)
    for number, names in enumerate(rows):
        for name in names:
            members[number, places[name]] = True
    return members
