"""Tables of labels in CSV files, and the recordings that they name."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from fusionkit.errors import DataError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd


def read_table(path: Path, dataset: str, columns: tuple[str, ...] = ()) -> pd.DataFrame:
    """Read a CSV file with names of columns in its first line.

    The separator is a comma, a semicolon or a tab, the encoding UTF-8. Every cell is read as text, so that 001 stays
    001, and spaces around it are dropped.

    Parameters
    ----------
    path : Path
        The CSV file.
    dataset : str
        How errors name the data set.
    columns : tuple of str
        Columns that must be there.

    Raises
    ------
    DataError
        If there is no such file, it is no CSV file in UTF-8, a row is longer or shorter than the first line, a column
        comes twice or is missing.
    """
    import pandas as pd

    if not path.is_file():
        raise DataError(f"dataset {dataset!r}: there is no file {path}")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            line = file.readline()
            separator = max(",;\t", key=line.count)
            names = [name.strip() for name in next(csv.reader([line], delimiter=separator), [])]
            rows = [row for row in csv.reader(file, delimiter=separator, strict=True) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"dataset {dataset!r}: {path} is no CSV file in UTF-8: {error}") from None
    if len(set(names)) != len(names) or not all(names):
        raise DataError(f"dataset {dataset!r}: {path} has the columns {names}; expected each once, with a name")
    for column in columns:
        if column not in names:
            raise DataError(f"dataset {dataset!r}: {path} has no column {column!r}; {did_you_mean(column, names)}")
    faults = [
        f"row {number} has {len(row)} cells; expected {len(names)}"
        for number, row in enumerate(rows, start=1)
        if len(row) != len(names)
    ]
    if faults:
        raise DataError(f"dataset {dataset!r}: {path} has {len(faults)} rows of another length than its header", faults)
    return pd.DataFrame([[cell.strip() for cell in row] for row in rows], columns=names, dtype=object)


def labelled_files(
    table: Path, folder: Path, suffixes: tuple[str, ...], dataset: str, columns: tuple[str, ...] = ("record", "label")
) -> pd.DataFrame:
    """Read a table of labels, and find the recording of every row.

    Parameters
    ----------
    table : Path
        A CSV file as `read_table` reads it. Rows with the same record are segments of it, told apart by ``start``.
    folder : Path
        Holds the recordings, at any depth. A record is named by its path below the folder, with or without suffix.
        Hidden files are left out.
    suffixes : tuple of str
        Suffixes of recordings in lower case, for example ``.hea``; files may have them in upper case.
    dataset : str
        How errors name the data set.
    columns : tuple of str
        Columns that must be there; the first names the record.

    Returns
    -------
    DataFrame
        The table with ``path``, and with ``id`` where it has none: the record, or ``record@start`` where there is a
        start.

    Raises
    ------
    DataError
        If the table cannot be read, a record has no file, a file no row, or two files one name; all are in its details.
    """
    frame = read_table(table, dataset, columns)
    files: dict[str, Path] = {}
    faults = []
    for file in sorted(folder.rglob("*")):
        place = file.relative_to(folder)
        if file.suffix.lower() not in suffixes or any(part.startswith(".") for part in place.parts):
            continue
        name = place.with_suffix("").as_posix()
        if name in files:
            faults.append(f"{file} and {files[name]} have one name; rename one of them")
        files[name] = file
    named = frame[columns[0]]
    records = [name[: -len(Path(name).suffix)] if name.lower().endswith(suffixes) else name for name in named]
    faults += [
        f"{table.name}, row {number}: there is no recording {name!r} ({' or '.join(suffixes)}) in {folder}"
        for number, (name, record) in enumerate(zip(named, records, strict=True), start=1)
        if record not in files
    ]
    listed = set(records)
    faults += [f"{file} has no row in {table.name}" for name, file in files.items() if name not in listed]
    if faults:
        raise DataError(f"dataset {dataset!r}: {table} and the recordings differ in {len(faults)} places", faults)
    starts = frame["start"] if "start" in frame else [""] * len(frame)
    ids = [f"{name}@{start}" if start else name for name, start in zip(records, starts, strict=True)]
    return frame.assign(path=[str(files[name]) for name in records], id=frame.get("id", ids))
