"""Data that a model was not trained on, brought into the form that it knows: its windows, channels and classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

import pandas as pd

from fusionkit.data.labels import SEPARATOR, label_classes
from fusionkit.data.recordings import FileRecordings, Recordings
from fusionkit.data.scan import problem_lines
from fusionkit.data.settings import DataSettings
from fusionkit.data.spec import absolute_spec
from fusionkit.data.windows import WindowReader, plan_windows
from fusionkit.errors import DataError, UsageError, did_you_mean
from fusionkit.interfaces import Task
from fusionkit.run.audited_data import RECORD_WISE, AuditedData, audit_data
from fusionkit.run.evaluation_request import EvaluationRequest
from fusionkit.run.prepare import Prepared
from fusionkit.run.reporter import Reporter
from fusionkit.run.saved_model import SavedModel
from fusionkit.run.task import make_targets

_OF_THE_MODEL = ("duration", "sample_rate", "classes")


def model_windows(saved: SavedModel, spec: str, given: Mapping[str, Any]) -> DataSettings:
    """Return settings that cut other data as the model was trained: its duration, sample rate and kind of window.

    Parameters
    ----------
    saved : SavedModel
        The model.
    spec : str
        The other data.
    given : mapping
        Settings of data that the user chose.

    Raises
    ------
    UsageError
        If one of them is the model's to decide.
    """
    for name in _OF_THE_MODEL:
        if name in given:
            raise UsageError(f"--{name.replace('_', '-')} is decided by the trained model; leave it out")
    trained, signal = saved.config.data, saved.model.signal
    # A window as long as the longest recording has the length of the recordings of training.
    settings = {"window": "first" if trained.window == "whole" else trained.window, **given}
    if settings["window"] == "hop":
        settings.setdefault("hop", trained.hop)
    return DataSettings(spec=absolute_spec(spec), duration=signal.duration, sample_rate=signal.sample_rate, **settings)


def model_channels(saved: SavedModel, recordings: Recordings, chosen: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Return the channels to read: as chosen, else those of training by name, else all where they are as many.

    Raises
    ------
    UsageError
        If another number of channels was chosen than the model takes.
    DataError
        If the recordings have others.
    """
    count, trained = saved.model.signal.channels, saved.config.data.channels
    if chosen is not None:
        if len(chosen) != count:
            raise UsageError(f"--channels names {len(chosen)} channels, but the model takes {count}")
        return chosen
    names = _first_names(recordings)
    if trained is not None and set(trained) <= set(names):
        return trained
    if not names or len(names) == count == 1 or (trained is None and len(names) == count):
        return None
    wanted = f"{count} channels" if trained is None else ", ".join(trained)
    raise DataError(
        f"the model takes {wanted}, but the recordings have {', '.join(names)}; say with --channels which to read, in "
        "the order of the model"
    )


def _first_names(recordings: Recordings) -> tuple[str, ...]:
    """Return the channels of the first recording that can be read."""
    for record in recordings.manifest["id"]:
        try:
            return recordings.header(record).channel_names
        except DataError:
            continue  # the scan tells of it
    return ()


def model_labels(
    manifest: pd.DataFrame, task: Task, label_map: Mapping[str, str], on_unmapped: Literal["error", "drop"]
) -> pd.DataFrame:
    """Return the manifest with the classes of the model in place of those of the data.

    Parameters
    ----------
    manifest : DataFrame
        A row a recording, with ``label``.
    task : Task
        What the model predicts.
    label_map : mapping of str to str
        From classes of the data to classes of the model; other classes keep their names.
    on_unmapped : 'error' or 'drop'
        Stop at classes that the model does not know, or leave their recordings out.

    Raises
    ------
    UsageError
        If the map names a class that the data or the model does not have.
    DataError
        If classes are unknown to the model and shall not be dropped, or nothing is left.
    """
    several = task.kind == "multilabel"
    named = [label_classes(label, several) for label in manifest["label"]]
    found = sorted({name for names in named for name in names})
    for source, target in label_map.items():
        for owner, name, known in (("data have", source, found), ("model has", target, task.classes)):
            if name not in known:
                hint = did_you_mean(name, known)
                raise UsageError(f"--map {source}={target}: the {owner} no class {name!r}; {hint}")
    unmapped = {name for name in found if label_map.get(name, name) not in task.classes}
    if unmapped and on_unmapped == "error":
        raise DataError(
            f"the model knows the classes {', '.join(task.classes)}, but the data have {', '.join(sorted(unmapped))} "
            f"too; say what each stands for, as --map {min(unmapped)}={task.classes[-1]}, or leave their recordings "
            "out with --on-unmapped drop"
        )
    labels = [SEPARATOR.join(dict.fromkeys(label_map.get(name, name) for name in names)) for names in named]
    known_rows = [not unmapped.intersection(names) for names in named]
    kept = manifest.assign(label=labels)[known_rows].reset_index(drop=True)
    if kept.empty:
        raise DataError(f"no recording has a class of the model ({', '.join(task.classes)}); say which with --map")
    kept.attrs = {**manifest.attrs, "classes": task.classes, "multilabel": several}
    return kept


def prepare_foreign(
    manifest: pd.DataFrame, saved: SavedModel, request: EvaluationRequest, reporter: Reporter
) -> Prepared:
    """Scan and audit the recordings of a manifest, and cut those that are scored into the windows of the model.

    Raises
    ------
    UsageError, DataError
        If the data do not suit the model, or the split has no such part.
    """
    recordings = FileRecordings(model_labels(manifest, saved.task, request.label_map, request.on_unmapped))
    settings = replace(request.data, channels=model_channels(saved, recordings, request.data.channels))
    data = audit_data(recordings, settings, request.split, request.seed, reporter)
    if data.scanned.signal != saved.model.signal:
        raise DataError(f"windows are {data.scanned.signal}, but the model takes {saved.model.signal}")
    notes = [*data.scanned.warnings, *(f"left out: {line}" for line in problem_lines(data.scanned.problems))]
    if dropped := len(manifest) - len(recordings.manifest):
        notes.append(f"left out: {dropped} of {len(manifest)} recordings, of classes that the model does not know")
    for note in notes:
        reporter.note(note)
    folds = _scored(data, request)
    records = data.scanned.records
    used = records[records["id"].isin(folds["record"])].reset_index(drop=True)
    windows = plan_windows(replace(data.scanned, records=used), settings)
    # Persons in two parts matter where one of these parts was learnt from.
    record_wise = data.record_wise and request.split is not None and settings.spec == saved.config.data.spec
    cautions = [line for line in data.cautions if record_wise or line != RECORD_WISE]
    found = {name for label in used["label"] for name in label_classes(label, saved.task.kind == "multilabel")}
    if absent := [name for name in saved.task.classes if name not in found]:
        cautions.append(f"no recording is {', '.join(absent)}: the F1 of these classes is 0, and counts in F1 macro")
    if saved.config.data.window == "whole" and settings.window == "first":
        cautions.append(f"the model takes {settings.duration:g} s: the rest of longer recordings is not used")
    return Prepared(
        reader=WindowReader(recordings, data.scanned, saved.preprocessing),
        records=records,
        windows=windows,
        targets=make_targets(list(windows["label"]), saved.task),
        task=saved.task,
        folds=folds,
        audited=data.audited,
        leaks=(),
        record_wise=record_wise,
        cautions=tuple(cautions),
        notes=tuple(notes),
    )


def _scored(data: AuditedData, request: EvaluationRequest) -> pd.DataFrame:
    """Return the records that are scored: all, in one fold, or a part of every fold."""
    if request.split is None:
        return pd.DataFrame({"fold": "0", "record": data.scanned.records["id"], "split": "test"})
    folds = data.folds[data.folds["split"] == request.part].reset_index(drop=True)
    if folds.empty:
        found = ", ".join(data.folds["split"].unique())
        raise UsageError(f"split {request.split.split!r} has no part {request.part!r}; it has {found}")
    return folds
