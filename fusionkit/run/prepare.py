"""From a configuration to windows, task and folds: everything that is checked before training starts."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fusionkit.config.run_config import RunConfig
from fusionkit.data.audit.findings import Audit
from fusionkit.data.labels import label_classes
from fusionkit.data.recordings import Recordings
from fusionkit.data.scan import problem_lines
from fusionkit.data.windows import WindowReader, plan_windows
from fusionkit.errors import DataError, did_you_mean
from fusionkit.interfaces import Task
from fusionkit.registry import Registry
from fusionkit.run.audited_data import audit_data
from fusionkit.run.reporter import Reporter
from fusionkit.run.task import make_targets, make_task
from fusionkit.run.transforms import make_augmentations, make_preprocessing

STOPPED_ON_TEST = "the test part also chose the epoch, as in the published code: the figures are too good"


@dataclass(frozen=True)
class Prepared:
    """The data of a run.

    Parameters
    ----------
    reader : WindowReader
        Reads the signal of a window.
    records : DataFrame
        A row a recording that can be used, with what the scan found of it.
    windows : DataFrame
        A row a window.
    targets : array [window]
        Class numbers; for a multi-label task [window, class], 1 where the window belongs to the class.
    task : Task
        Kind and classes.
    folds : DataFrame
        A row a record and fold: ``fold``, ``record``, ``split``.
    audited : Audit
        What the audit of recordings and parts found.
    leaks : tuple of str
        What stands in two parts; the run was told to go on all the same.
    record_wise : bool
        Whether one person may stand in two parts unnoticed.
    cautions : tuple of str
        What every reader of the results must know.
    notes : tuple of str
        What was found in the recordings, and left out.
    """

    reader: WindowReader
    records: pd.DataFrame
    windows: pd.DataFrame
    targets: NDArray[np.int64]
    task: Task
    folds: pd.DataFrame
    audited: Audit
    leaks: tuple[str, ...]
    record_wise: bool
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


def prepare(config: RunConfig, registry: Registry, recordings: Recordings, reporter: Reporter) -> Prepared:
    """Scan the recordings, cut windows, find the task and share the records out.

    Parameters
    ----------
    config : RunConfig
        What was asked for.
    registry : Registry
        Where preprocessors are looked up.
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
    data = audit_data(recordings, config.data, config.split, config.seed, reporter)
    scanned, folds = data.scanned, data.folds
    task = make_task(
        data.task.classes,
        multilabel=data.task.kind == "multilabel",
        binary_outputs=config.training.binary_outputs,
    )
    notes = [*scanned.warnings, *(f"left out: {line}" for line in problem_lines(scanned.problems))]
    for note in notes:
        reporter.note(note)
    if not config.split.allow_leak:
        data.require_no_leak()
    used = scanned.records[scanned.records["id"].isin(folds["record"])].reset_index(drop=True)
    stages = list(config.stages.values())
    choosing = "validation" if config.split.validation == "own" else "test"
    for monitor in {config.training.monitor, *(str(stage["monitor"]) for stage in stages if "monitor" in stage)}:
        _check_monitor(monitor, used, folds[folds["split"] == choosing], task)
    steered = choosing == "test" and chooses_epochs(config)
    cautions = (*data.cautions, STOPPED_ON_TEST) if steered else data.cautions
    windows = plan_windows(replace(scanned, records=used), config.data)
    column = config.training.balance_within
    if column is not None and column not in windows:
        windows[column] = windows["record"].map(used.set_index("id")[column])
    targets = make_targets(list(windows["label"]), task)
    make_augmentations(config, registry, scanned.signal.sample_rate)  # told now what would fail in training
    preprocessing = make_preprocessing(config, registry, scanned.signal.sample_rate)
    reader = WindowReader(recordings, scanned, preprocessing)
    return Prepared(
        reader=reader,
        records=scanned.records,
        windows=windows,
        targets=targets,
        task=task,
        folds=folds,
        audited=data.audited,
        leaks=data.leaks,
        record_wise=data.record_wise,
        cautions=cautions,
        notes=tuple(notes),
    )


def chooses_epochs(config: RunConfig) -> bool:
    """Return whether anything in some stage depends on the part that epochs are chosen on: weights, end or rate."""
    common = dataclasses.asdict(config.training)
    return any(
        stage["selection"] == "best" or stage["patience"] > 0 or stage["lr_schedule"] != "none"
        for stage in ({**common, **changes} for changes in (*config.stages.values(), {}))
    )


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


def _check_monitor(monitor: str, records: pd.DataFrame, choosing: pd.DataFrame, task: Task) -> None:
    """Refuse a figure that one class against the rest needs where the part that chooses lacks a class: it is NaN."""
    if monitor not in ("roc_auc", "average_precision"):
        return
    for fold, rows in choosing.groupby("fold"):
        labels = records["label"][records["id"].isin(rows["record"])]
        found = {name for label in labels for name in label_classes(label, task.kind == "multilabel")}
        missing = [name for name in task.classes if name not in found]
        if missing:
            raise DataError(
                f"fold {fold!r}: the {rows['split'].iloc[0]} part has no recording of "
                f"{', '.join(map(repr, missing))}, so there is no {monitor}; use another --monitor, for example "
                "balanced_accuracy, or another split"
            )
