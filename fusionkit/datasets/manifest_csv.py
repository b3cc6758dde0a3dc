"""A manifest in a CSV file."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from fusionkit.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


def manifest_csv(path: Path | None, /) -> pd.DataFrame:
    """Read recordings from a CSV file, a row each, with the columns of a manifest in its first line.

    Columns ``path`` and ``label``, and optionally id, subject, database, quality, split, start, stop and channels. The
    separator is a comma, a semicolon or a tab, the encoding UTF-8. Every cell is read as text, so that 001 stays 001.

    Parameters
    ----------
    path : Path
        The CSV file. Paths in it are relative to its folder.

    Returns
    -------
    DataFrame
        The table, with absolute paths.

    Raises
    ------
    DataError
        If there is no such file, it is no CSV file in UTF-8, or a column comes twice.
    """
    import pandas as pd

    if path is None:
        raise DataError("dataset 'manifest' needs a CSV file: write its path, for example recordings.csv")
    if not path.is_file():
        raise DataError(f"dataset 'manifest': there is no file {path}")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            line = file.readline()
            separator = max(",;\t", key=line.count)
            columns = [column.strip() for column in next(csv.reader([line], delimiter=separator), [])]
            rows = [row for row in csv.reader(file, delimiter=separator, strict=True) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"dataset 'manifest': {path} is no CSV file in UTF-8: {error}") from None
    if len(set(columns)) != len(columns) or not all(columns):
        raise DataError(f"dataset 'manifest': {path} has the columns {columns}; expected each once, with a name")
    faults = [
        f"row {number} has {len(row)} cells; expected {len(columns)}"
        for number, row in enumerate(rows, start=1)
        if len(row) != len(columns)
    ]
    if faults:
        raise DataError(f"dataset 'manifest': {path} has {len(faults)} rows of another length than its header", faults)
    frame = pd.DataFrame([[cell.strip() for cell in row] for row in rows], columns=columns, dtype=object)
    if "path" in frame:
        frame["path"] = [str((path.parent / name).absolute()) if name else "" for name in frame["path"]]
    return frame
