"""Split files: which recording stands in which part of which fold, as every run writes it and a later one can read."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path

import pandas as pd

from fusionkit.data.csv_cells import neutral_csv, restored_table
from fusionkit.data.manifest import PARTS
from fusionkit.errors import DataError, IntegrityError

_HASH = "# sha256: "
_KEYS = ["fold", "record", "split"]
_DETAILS = ("subject", "database", "label")


def split_hash(folds: pd.DataFrame) -> str:
    """Return the SHA-256, in hexadecimal, of who stands where; the order of rows and unused recordings do not count.

    Parameters
    ----------
    folds : DataFrame
        Columns ``fold``, ``record`` and ``split``.
    """
    used = folds.loc[folds["split"] != "unused", _KEYS].astype(str)
    lines = sorted(json.dumps(row) for row in used.to_numpy().tolist())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def write_split_file(folds: pd.DataFrame, records: pd.DataFrame) -> str:
    """Return the text of a split file.

    The first line is ``# sha256:`` and `split_hash`; then a table follows with the columns ``fold``, ``record``,
    ``split``, ``subject``, ``database`` and ``label``. Recordings that a fold leaves out are marked ``unused``.

    Parameters
    ----------
    folds : DataFrame
        What `make_folds` returned.
    records : DataFrame
        All recordings that it was given: ``id``, ``label`` and, where known, ``subject`` and ``database``.
    """
    details = records[["id", *(name for name in _DETAILS if name in records)]].rename(columns={"id": "record"})
    tables = [
        details.merge(rows[["record", "split"]], on="record", how="left").assign(fold=fold)
        for fold, rows in folds.groupby("fold", sort=False)
    ]
    table = pd.concat(tables).reindex(columns=[*_KEYS, *_DETAILS])
    table["split"] = table["split"].fillna("unused")
    return f"{_HASH}{split_hash(folds)}\n" + neutral_csv(table)


def read_split_file(path: str | Path, records: pd.DataFrame) -> pd.DataFrame:
    """Read which recording stands in which part.

    Parameters
    ----------
    path : path
        A CSV with the columns ``record`` and ``split`` (train, validation, test or unused) and optionally ``fold`` and
        ``label``. Its first line may be ``# sha256:`` and the hash of the split.
    records : DataFrame
        The recordings at hand: ``id`` and ``label``.

    Returns
    -------
    DataFrame
        Columns ``fold``, ``record`` and ``split`` (train, validation or test).

    Raises
    ------
    DataError
        If the file cannot be read, names a recording twice in a fold or one that there is not, leaves one out that is
        not marked unused, or states another label than the recording has; all such rows are in its details.
    IntegrityError
        If the file has another hash than it states.
    """
    table, stated = _read(Path(path))
    table = table.assign(fold=table["fold"].fillna("") if "fold" in table else "0")
    used = table.loc[table["split"] != "unused", _KEYS].reset_index(drop=True)
    if stated and stated != (found := split_hash(used)):
        raise IntegrityError(
            f"split file {path}: its first line states the SHA-256 {stated}, but its rows have {found}; "
            "get the file anew, or remove that line if you changed the split on purpose"
        )
    labels = dict(zip(records["id"], records["label"], strict=True))

    def faulty(rows: pd.Series[bool], fault: str) -> list[str]:
        return [f"fold {row.fold!r}: record {row.record!r} {fault.format(row=row)}" for row in table[rows].itertuples()]

    known = table["record"].isin(list(labels))
    faults = [
        *faulty(~table["split"].isin(PARTS), f"has the split {{row.split!r}}; expected {', '.join(PARTS)}"),
        *faulty((table["fold"] == "") | (table["record"] == ""), "lacks its fold or its name"),
        *faulty(table.duplicated(["fold", "record"]), "stands there twice"),
        *faulty(~known & (table["split"] != "unused"), "is not among the recordings"),
    ]
    for column in [name for name in ("label", "subject") if name in table and name in records]:
        here = table["record"].map(dict(zip(records["id"], records[column], strict=True)))
        faults += faulty(
            known & (table[column] != here), f"has the {column} {{row.{column}!r}} there, but another one in the data"
        )
    for fold, rows in table.groupby("fold", sort=False):
        absent = sorted(labels.keys() - set(rows["record"]))
        faults += [f"fold {fold!r}: record {name!r} is not named; mark it unused to leave it out" for name in absent]
        if not (rows["split"] == "train").any():
            faults.append(f"fold {fold!r}: there is no row with the split train")
    if faults:
        raise DataError(f"split file {path}: {len(faults)} faults; correct them, or draw a new split", faults)
    return used


def _read(path: Path) -> tuple[pd.DataFrame, str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        first, _, rest = text.partition("\n")
        hashed = first.startswith(_HASH)
        body = rest if hashed else text
        separator = max(",;\t", key=body.partition("\n")[0].count)
        table = pd.read_csv(io.StringIO(body), sep=separator, dtype=str, keep_default_na=False)
        table = restored_table(table) if isinstance(table.index, pd.RangeIndex) else table
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise DataError(f"split file {path} cannot be read as CSV: {_line(error)}") from None
    missing = [f"no column {name!r}" for name in ("record", "split") if name not in table]
    if missing or table.empty:
        found = missing[0] if missing else "no rows"
        raise DataError(f"split file {path} has {found}; expected the columns record and split, and optionally fold")
    if not isinstance(table.index, pd.RangeIndex):  # pandas then took the first column for names of the rows
        raise DataError(f"split file {path} has more cells in its rows than columns; put quotes around commas")
    return table, first.removeprefix(_HASH).strip() if hashed else ""


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
