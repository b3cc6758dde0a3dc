"""Recordings that were read, shared out and audited: what every run starts from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import pandas as pd

from fusionkit.data.audit.audit import audit
from fusionkit.data.audit.findings import Audit
from fusionkit.data.audit.near_duplicates import with_copies
from fusionkit.data.audit.near_pairs import near_pairs
from fusionkit.data.labels import label_classes
from fusionkit.data.recordings import Recordings
from fusionkit.data.scan import ScanResult, scan
from fusionkit.data.settings import DataSettings
from fusionkit.data.spec import IN_MEMORY, parse_spec
from fusionkit.data.split_settings import SplitSettings
from fusionkit.data.splits import is_record_wise, make_folds
from fusionkit.data.subject_groups import twins
from fusionkit.errors import DataError, did_you_mean
from fusionkit.interfaces import Task
from fusionkit.run.reporter import Reporter
from fusionkit.run.task import make_task, order_classes

RECORD_WISE = "record-wise: subject leakage not excluded"
SHOWN = 20


def listed(lines: Sequence[str]) -> list[str]:
    """Return the first lines of what leaks, and how many more there are."""
    more = len(lines) - SHOWN
    return [*lines[:SHOWN], *([f"... and {more} more"] if more > 0 else [])]


@dataclass(frozen=True)
class AuditedData:
    """Recordings with all that is known of them before windows are cut.

    Parameters
    ----------
    scanned : ScanResult
        All recordings that can be used.
    folds : DataFrame
        A row a record and fold: ``fold``, ``record``, ``split``; empty where no split was asked for.
    task : Task
        Kind and classes.
    audited : Audit
        What the audit found among the recordings that some fold uses.
    record_wise : bool
        Whether one person may stand in two parts unnoticed.
    published_leaks : tuple of str
        Leaks that the data set itself admits.
    cautions : tuple of str
        What every reader of the results must know.
    """

    scanned: ScanResult
    folds: pd.DataFrame
    task: Task
    audited: Audit
    record_wise: bool
    published_leaks: tuple[str, ...]
    cautions: tuple[str, ...]

    @property
    def leaks(self) -> tuple[str, ...]:
        """What stands in two parts, a line each; what the data set itself admits comes first."""
        return (*self.published_leaks, *map(str, self.audited.leaks))

    def require_no_leak(self) -> None:
        """Stop where something leaks.

        Raises
        ------
        DataError
            With a line a leak in its details.
        """
        if self.leaks:
            raise DataError(
                "leak: what belongs to one person or recording stands in more than one part "
                f"({len(self.leaks)} case{'s' * (len(self.leaks) > 1)}); correct the subjects or the split, remove "
                "copies, or go on with --allow-leak, which stamps LEAKY on every table",
                listed(self.leaks),
            )


def audit_data(
    recordings: Recordings, data: DataSettings, split: SplitSettings | None, seed: int, reporter: Reporter
) -> AuditedData:
    """Read every recording once, share the recordings out, and look for leaks, copies and confounds.

    Parameters
    ----------
    recordings : Recordings
        The data.
    data : DataSettings
        Windows, channels, rate, classes, and what to do with bad recordings.
    split : SplitSettings, optional
        How to share out; None: no parts are made, so that there are no leaks between them.
    seed : int
        Seed of the split and of cross-validation.
    reporter : Reporter
        Is told of progress.

    Raises
    ------
    DataError
        If recordings, labels or the split cannot be used.
    """
    attributes = recordings.manifest.attrs
    multilabel = bool(attributes.get("multilabel", False))
    scanned = scan(recordings, data, partial(reporter.progress, "checking recordings"))
    looking = partial(reporter.progress, "looking for near-duplicates")
    pairs = near_pairs(recordings, scanned.records, looking, scanned.channels)
    pairs = with_copies(pairs, scanned.records)
    scanned = replace(scanned, records=scanned.records.assign(twin=twins(scanned.records, pairs)))
    records, folds = scanned.records, pd.DataFrame(columns=["fold", "record", "split"])
    if split is not None:
        adapter = None if data.spec == IN_MEMORY else parse_spec(data.spec)[0]
        folds = make_folds(records, split, seed, multilabel=multilabel, adapter=adapter)
        records = records[records["id"].isin(folds["record"])].reset_index(drop=True)
        pairs = pairs[pairs[["a", "b"]].isin(set(records["id"])).all(axis=1)]
    _check_classes(data, records["label"], multilabel)
    classes = [name for label in records["label"] for name in label_classes(label, multilabel)]
    task = make_task(order_classes(classes, data.classes or attributes.get("classes")), multilabel=multilabel)
    parts = None if split is None else folds
    audited = audit(records, parts, pairs, classes=task.classes, multilabel=multilabel, seed=seed)
    cautions = list(attributes.get("cautions", ()))
    record_wise = is_record_wise(records, split)
    if record_wise:
        cautions.insert(0, RECORD_WISE)
    published = tuple(attributes.get("leaks", ()))
    return AuditedData(scanned, folds, task, audited, record_wise, published, tuple(cautions))


def _check_classes(data: DataSettings, labels: pd.Series[str], multilabel: bool) -> None:
    """Refuse classes that the user named and no recording has."""
    found = {name for label in labels for name in label_classes(label, multilabel)}
    absent = [name for name in data.classes or () if name not in found]
    if absent:
        raise DataError(
            f"no recording has the class {', '.join(map(repr, absent))} of --classes; {did_you_mean(absent[0], found)}"
        )
