"""A folder of recordings with a table of labels, for the adapters of single formats."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

from fusionkit.data.spec import existing_folder
from fusionkit.datasets.label_table import labelled_files
from fusionkit.options import Option

if TYPE_CHECKING:
    import pandas as pd

Table: TypeAlias = Annotated[str, Option("CSV file with the labels, relative to the folder.")]


def labelled_folder(path: Path | None, table: Table, suffixes: tuple[str, ...], dataset: str) -> pd.DataFrame:
    """List the recordings of a folder with labels from a table in it.

    The table has the columns ``record`` and ``label``, and optionally those of a manifest and any other. A record is
    its path below the folder, with or without suffix. Several rows of one record are segments of it. Separators are
    commas, semicolons or tabs; identifiers are texts, so that 001 is not 1. Every record needs a row and every row a
    record.

    Parameters
    ----------
    path : Path
        Folder that holds the table and, at any depth, the recordings.
    table : str
        Name of the table.
    suffixes : tuple of str
        Suffixes of recordings, in lower case.
    dataset : str
        How errors name the data set.

    Returns
    -------
    DataFrame
        The table with ``path``, and with ``id`` where it has none: the record, or ``record@start`` of a segment.

    Raises
    ------
    DataError
        If the table is missing or unreadable, a record has no row or a row no record; all are in its details.
    """
    root = existing_folder(path, dataset)
    return labelled_files(root / table, root, suffixes, dataset)
