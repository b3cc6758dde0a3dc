"""How many recordings and people stand behind a class."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from fusionkit.data.labels import membership


def class_support(records: pd.DataFrame, classes: Sequence[str], *, multilabel: bool = False) -> pd.DataFrame:
    """Count what stands behind every class.

    Parameters
    ----------
    records : DataFrame
        ``label`` and, where known, ``subject`` and ``database``.
    classes : sequence of str
        The classes, in their order.
    multilabel : bool
        Whether a label names several classes.

    Returns
    -------
    DataFrame
        A row a class: ``class``, ``records``, and ``subjects`` and ``databases`` where they are known.
    """
    members = membership(records["label"], classes, multilabel)
    support = pd.DataFrame({"class": list(classes), "records": members.sum(axis=0)})
    for column in ("subject", "database"):
        if column in records:
            support[f"{column}s"] = [records[column][members[:, place]].nunique() for place in range(len(classes))]
    return support


def weak_classes(support: pd.DataFrame, fewest: int = 5) -> tuple[str, ...]:
    """Return a line for every class with fewer subjects than ``fewest``, or recordings where no subject is known."""
    noun = "subjects" if "subjects" in support else "records"
    weak = support[support[noun] < fewest]
    return tuple(
        f"class {name!r} has {count} {noun.replace('records', 'recordings')}; results on fewer than {fewest} say little"
        for name, count in zip(weak["class"], weak[noun], strict=True)
    )
