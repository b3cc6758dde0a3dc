"""A folder of WFDB records with a table of labels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fusionkit.datasets.labelled_folder import Table, labelled_folder

if TYPE_CHECKING:
    import pandas as pd


def wfdb_folder(path: Path | None, /, *, table: Table = "labels.csv") -> pd.DataFrame:
    """List WFDB records (``.hea`` with its signal files) with labels from a table.

    The table has the columns ``record`` and ``label``, and optionally id, subject, database, quality, split, start,
    stop (s) and any other. A record is its path below the folder, with or without suffix, for example
    ``100`` or ``patient001/s0010_re``. Several rows of one record are segments of it. Every record needs a row and
    every row a record.

    The headers name the channels and the sample rate. The segments of multi-segment records, and headers without
    signals, do not belong in the folder.

    Returns
    -------
    DataFrame
        What `fusionkit.datasets.labelled_folder.labelled_folder` returns, whose errors are those of this function too.
    """
    return labelled_folder(path, table, (".hea",), "wfdb")
