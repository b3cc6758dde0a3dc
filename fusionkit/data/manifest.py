"""The manifest: a table with a row a recording, or a segment of one."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd

from fusionkit.errors import DataError, did_you_mean

_FLAGS = {"true": True, "false": False, "": False, "nan": False}
PARTS = ("train", "validation", "test", "unused")


def check_manifest(frame: pd.DataFrame, source: str, label_column: str = "label") -> pd.DataFrame:
    """Return the manifest in its checked form.

    Columns: ``path`` and ``label``; and optionally ``id`` (made from the path where it is missing), ``subject``,
    ``database``, ``quality``, ``split`` (train, validation, test or unused), ``start`` and ``stop`` (bounds of a
    segment in s from the start of the file; empty: the start and the end of the file), ``channels`` (names of the
    channels of the file, with commas between them), ``sample_rate`` (Hz, for files that do not state it; it becomes
    ``declared_rate``) and ``variable`` (which one of a .mat or .npz holds the signal). ``isolated`` is true for a
    segment beside which the file holds another signal, as a file of cut beats does: filters then see zeros beyond its
    bounds. Other columns are kept. Identifiers and labels are texts, so that 001 stays 001.

    Parameters
    ----------
    frame : DataFrame
        What an adapter returned.
    source : str
        How errors name the data set.
    label_column : str
        Column that becomes ``label``.

    Raises
    ------
    DataError
        If a column is missing or any row is faulty. All faulty rows are in its details.
    """
    for column in ("path", label_column):
        if column not in frame.columns:
            raise DataError(
                f"data {source!r} has no column {column!r}; {did_you_mean(column, map(str, frame.columns))}"
            )
    if frame.empty:
        raise DataError(f"data {source!r} has no recordings")
    manifest = frame.assign(label=frame[label_column], path=[_text(path) for path in frame["path"]])
    manifest = manifest.reset_index(drop=True)
    manifest = manifest.rename(columns={"sample_rate": "declared_rate"})
    for column in ("start", "stop", "declared_rate"):
        if column in manifest:
            manifest[column] = [_number(value) for value in manifest[column]]
    if "isolated" in manifest:
        manifest["isolated"] = [_FLAGS.get(str(value).strip().lower(), value) for value in manifest["isolated"]]
    if "id" not in manifest:
        manifest.insert(0, "id", _made_ids(manifest))

    faults: list[str] = []
    labels: dict[str, object] = {}
    for number, row in enumerate(manifest.to_dict("records"), start=1):
        reasons = _row_faults(row)
        identifier = str(row["id"])
        if identifier in labels:
            earlier = labels[identifier]
            conflict = "" if earlier == row["label"] else f" with another label, {earlier!r}"
            reasons.append(f"an earlier row has this id{conflict}")
        else:
            labels[identifier] = row["label"]
        faults += [f"row {number} (id {row['id']!r}): {reason}" for reason in reasons]
    if faults:
        # Where no row is at fault, missing files are told together with unreadable ones, when they are read.
        paths = (path for path in manifest["path"] if isinstance(path, str) and path)
        faults += [f"there is no file {path!r}" for path in paths if not Path(path).is_file()]
        raise DataError(f"data {source!r} has {len(faults)} faults in its rows; mend or remove them", faults)
    return manifest


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value


def _missing(value: Any) -> bool:
    return (
        value is None or (isinstance(value, float) and math.isnan(value)) or str(value).strip().lower() in ("", "nan")
    )


def _number(value: Any) -> Any:
    if _missing(value):
        return math.nan
    try:
        return float(value)
    except (TypeError, ValueError):
        return value


def _made_ids(manifest: pd.DataFrame) -> list[Any]:
    paths = [Path(path) if isinstance(path, str) else Path() for path in manifest["path"]]
    if len({path.stem for path in paths}) == len(paths):
        return [path.stem for path in paths]
    starts = manifest["start"] if "start" in manifest else [None] * len(paths)
    return [
        path.as_posix() if _missing(start) else f"{path.as_posix()}@{start}"
        for path, start in zip(paths, starts, strict=True)
    ]


def _row_faults(row: dict[Any, Any]) -> list[str]:
    faults = []
    for column in ("id", "path", "label", "subject", "database", "split"):
        value = row.get(column, "-")
        if _missing(value) and not (column in ("id", "path") and str(value) == "nan" and isinstance(value, str)):
            hint = "; give it in every row or leave the column out" if column in ("subject", "database") else ""
            faults.append(f"{column} is missing{hint}")
        elif not isinstance(value, str):
            faults.append(f"{column} is {value!r}, a {type(value).__name__}; expected a text")
        elif not value.isprintable():
            faults.append(f"{column} {value!r} holds a line break or a control character")
    split = row.get("split", "unused")
    if split not in PARTS and not _missing(split):
        faults.append(f"split is {split!r}; expected {', '.join(PARTS)}")
    rate = row.get("declared_rate", math.nan)
    if not isinstance(rate, float) or rate <= 0 or math.isinf(rate):
        faults.append(f"sample_rate is {rate!r}; expected a number of Hz above 0")
    if not isinstance(row.get("isolated", False), bool):
        faults.append(f"isolated is {row['isolated']!r}; expected true or false")
    start, stop = row.get("start", 0.0), row.get("stop", math.inf)
    if not (isinstance(start, float) and isinstance(stop, float)):
        faults.append(f"the segment goes from {start!r} to {stop!r}; expected numbers of seconds")
    elif start < 0 or stop <= max(0.0, start):
        faults.append(f"the segment goes from {start:g} to {stop:g} s; expected 0 <= start < stop")
    return faults
