"""From a configuration to windows, task and folds: everything that is checked before training starts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fusionkit.config.run_config import RunConfig
from fusionkit.data.recordings import Recordings
from fusionkit.data.scan import scan
from fusionkit.data.splits import is_record_wise, make_folds
from fusionkit.data.windows import WindowReader, plan_windows
from fusionkit.errors import DataError, did_you_mean
from fusionkit.interfaces import Task
from fusionkit.run.reporter import Reporter
from fusionkit.run.task import make_task, order_classes


@dataclass(frozen=True)
class Prepared:
    """The data of a run.

    Parameters
    ----------
    reader : WindowReader
        Reads the signal of a window.
    windows : DataFrame
        A row a window.
    targets : array [window]
        Class numbers.
    task : Task
        Kind and classes.
    folds : DataFrame
        A row a record and fold: ``fold``, ``record``, ``split``.
    cautions : tuple of str
        What every reader of the results must know.
    notes : tuple of str
        What was found in the recordings, and left out.
    """

    reader: WindowReader
    windows: pd.DataFrame
    targets: NDArray[np.int64]
    task: Task
    folds: pd.DataFrame
    cautions: tuple[str, ...]
    notes: tuple[str, ...]

    def parts(self, fold: str) -> pd.Series[str]:
        """Return the part of every window in a fold; missing for a window that the fold leaves out."""
        rows = self.folds[self.folds["fold"] == fold]
        return self.windows["record"].map(rows.set_index("record")["split"])

    @property
    def fold_names(self) -> list[str]:
        """The folds, in order."""
        return [str(name) for name in self.folds["fold"].unique()]


def prepare(config: RunConfig, recordings: Recordings, reporter: Reporter) -> Prepared:
    """Scan the recordings, cut windows, find the task and share the records out.

    Parameters
    ----------
    config : RunConfig
        What was asked for.
    recordings : Recordings
        The data.
    reporter : Reporter
        Is told of progress and of warnings.

    Raises
    ------
    DataError
        If recordings, labels or splits cannot be used.
    """
    _check_column(config.training.balance_within, recordings.manifest)
    scanned = scan(recordings, config.data, partial(reporter.progress, "checking recordings"))
    folds = make_folds(scanned.records, config.split, config.seed)
    records = scanned.records[scanned.records["id"].isin(folds["record"])].reset_index(drop=True)
    scanned = replace(scanned, records=records)
    notes = [*scanned.warnings, *(f"left out: {problem}" for problem in scanned.problems)]
    for note in notes:
        reporter.note(note)
    order = config.data.classes or recordings.manifest.attrs.get("classes")
    task = make_task(order_classes(list(records["label"]), order))
    _check_monitor(config.training.monitor, records, folds, task)
    cautions = list(recordings.manifest.attrs.get("cautions", ()))
    if is_record_wise(records):
        cautions.append("record-wise split: no subjects are known, so subject leakage is not excluded")
    windows = plan_windows(scanned, config.data)
    column = config.training.balance_within
    if column is not None and column not in windows:
        windows[column] = windows["record"].map(records.set_index("id")[column])
    targets = np.array([task.classes.index(label) for label in windows["label"]], dtype=np.int64)
    return Prepared(WindowReader(recordings, scanned), windows, targets, task, folds, tuple(cautions), tuple(notes))


def _check_column(column: str | None, manifest: pd.DataFrame) -> None:
    """Refuse to balance within a column that is missing or has gaps."""
    if column is None:
        return
    if column not in manifest:
        hint = did_you_mean(column, map(str, manifest))
        raise DataError(f"balance_within is {column!r}, but the data have no such column; {hint}")
    missing = manifest[column].isna() | (manifest[column].astype(str).str.strip() == "")
    if missing.any():
        raise DataError(f"balance_within is {column!r}, but {missing.sum()} recordings have none")


def _check_monitor(monitor: str, records: pd.DataFrame, folds: pd.DataFrame, task: Task) -> None:
    """Refuse a figure that one class against the rest needs where the validation part lacks a class: it is NaN."""
    if monitor not in ("roc_auc", "average_precision"):
        return
    for fold, rows in folds[folds["split"] == "validation"].groupby("fold"):
        found = set(records["label"][records["id"].isin(rows["record"])])
        missing = [name for name in task.classes if name not in found]
        if missing:
            raise DataError(
                f"fold {fold!r}: the validation part has no recording of {', '.join(map(repr, missing))}, so there is "
                f"no {monitor}; use another --monitor, for example balanced_accuracy, or another split"
            )
