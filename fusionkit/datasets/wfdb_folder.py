"""A folder of WFDB records with a table of labels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from fusionkit.data.spec import existing_folder
from fusionkit.datasets.label_table import labelled_files
from fusionkit.options import Option

if TYPE_CHECKING:
    import pandas as pd


def wfdb_folder(
    path: Path | None,
    /,
    *,
    table: Annotated[str, Option("CSV file with the labels, relative to the folder.")] = "labels.csv",
) -> pd.DataFrame:
    """List WFDB records (``.hea`` with its signal files) with labels from a table.

    The table has the columns ``record`` and ``label``, and optionally id, subject, database, quality, split, start,
    stop (s) and any other. A record is its path below the folder, with or without suffix, for example
    ``100`` or ``patient001/s0010_re``. Several rows of one record are segments of it. Separators are commas,
    semicolons or tabs; identifiers are texts, so that 001 is not 1. Every record needs a row and every row a record.

    The headers name the channels and the sample rate. The segments of multi-segment records, and headers without
    signals, do not belong in the folder.

    Parameters
    ----------
    path : Path
        Folder that holds the table and, at any depth, the records.
    table : str
        Name of the table.

    Returns
    -------
    DataFrame
        The table with ``path``, and with ``id`` where it has none: the record, or ``record@start`` of a segment.

    Raises
    ------
    DataError
        If the table is missing or unreadable, a record has no row or a row no record; all are in its details.
    """
    root = existing_folder(path, "wfdb")
    return labelled_files(root / table, root, ".hea", "wfdb")
