"""Everything a reviewer asks of a data set before the first result, in one answer."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from fusionkit.data.audit.class_support import class_support, weak_classes
from fusionkit.data.audit.confounds import confounds, floors
from fusionkit.data.audit.findings import Audit
from fusionkit.data.audit.label_conflicts import identical, label_conflicts, mixed_subjects
from fusionkit.data.audit.leaks import find_leaks
from fusionkit.data.audit.listed import listed
from fusionkit.data.audit.near_duplicates import comparable
from fusionkit.data.labels import membership
from fusionkit.data.splits import is_record_wise

_TELLING = 0.6

NO_SUBJECT = "no subject is known: the split is record-wise, one person may stand in two parts unnoticed"


def audit(
    records: pd.DataFrame,
    folds: pd.DataFrame | None = None,
    pairs: pd.DataFrame | None = None,
    *,
    classes: Sequence[str],
    multilabel: bool = False,
    seed: int = 0,
) -> Audit:
    """Look for leaks, copies, conflicting labels, thin classes and confounds.

    Parameters
    ----------
    records : DataFrame
        What the scan returned: ``id``, ``label``, ``start`` and ``stop`` (s), ``sample_rate`` (Hz), ``content``,
        ``digest``, ``level`` (dB) and, where known, ``path``, ``subject``, ``database`` and ``quality``.
    folds : DataFrame, optional
        ``fold``, ``record`` and ``split``.
    pairs : DataFrame, optional
        What `near_duplicates` found; None: it was not looked for them.
    classes : sequence of str
        The classes, in their order.
    multilabel : bool
        Whether a label names several classes.
    seed : int
        Seed of the cross-validation of the confounds.
    """
    support = class_support(records, classes, multilabel=multilabel)
    predicted = confounds(records, classes, multilabel=multilabel, seed=seed)
    leaks = find_leaks(records, folds, pairs) if folds is not None else ()
    conflicts = label_conflicts(records, pairs)
    copies = identical(records)
    record_wise = is_record_wise(records)

    warnings = list(weak_classes(support))
    if record_wise:
        warnings.append(NO_SUBJECT)
    if mixed := mixed_subjects(records):
        warnings.append(f"{len(mixed)} subjects have recordings with different labels: {listed(mixed)}")
    counts = {
        "leaks: what belongs together stands in two parts": len(leaks),
        "groups of identical recordings": len(copies),
        "pairs of near-duplicates": 0 if pairs is None else len(pairs),
        "copies with different labels": len(conflicts),
    }
    warnings += [f"{count} {text}" for text, count in counts.items() if count]
    if pairs is not None and (passed_over := int((~comparable(records)).sum())):
        warnings.append(
            f"{passed_over} of {len(records)} recordings were not compared with the others: below 1 s, of a sample "
            "rate that has no whole ratio to 500 Hz, or one of very many segments"
        )
    for row in predicted.to_dict("records"):
        if row["auc"] >= _TELLING:
            warnings.append(f"{row['factor']} alone predicts the label with AUC {row['auc']:.2f}: {row['detail']}")
    return Audit(
        support,
        _class_counts(records, ["database"], classes, multilabel) if "database" in records else None,
        _parts(records, folds, classes, multilabel),
        leaks,
        copies,
        pairs,
        conflicts,
        predicted,
        None if folds is None else floors(records, folds, classes, multilabel=multilabel),
        record_wise,
        tuple(warnings),
    )


def _parts(
    records: pd.DataFrame, folds: pd.DataFrame | None, classes: Sequence[str], multilabel: bool
) -> pd.DataFrame | None:
    if folds is None:
        return None
    table = folds[["fold", "record", "split"]].merge(records[["id", "label"]], left_on="record", right_on="id")
    return _class_counts(table, ["fold", "split"], classes, multilabel)


def _class_counts(frame: pd.DataFrame, keys: list[str], classes: Sequence[str], multilabel: bool) -> pd.DataFrame:
    members = pd.DataFrame(membership(frame["label"], classes, multilabel), columns=list(classes), dtype=int)
    grouping = [frame[key].reset_index(drop=True) for key in keys]
    return members.groupby(grouping, sort=False).sum().reset_index()
