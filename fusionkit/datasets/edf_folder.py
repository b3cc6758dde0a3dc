"""A folder of EDF and BDF recordings with a table of labels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fusionkit.datasets.labelled_folder import Table, labelled_folder

if TYPE_CHECKING:
    import pandas as pd


def edf_folder(path: Path | None, /, *, table: Table = "labels.csv") -> pd.DataFrame:
    """List recordings in the European Data Format (``.edf``, or ``.bdf`` with 24 bits) with labels from a table.

    The table has the columns ``record`` and ``label``, and optionally id, subject, database, quality, split, start,
    stop (s) and any other. A record is its path below the folder, with or without suffix, for example
    ``S001R01`` or ``patient1/night2``. Several rows of one record are segments of it. Every record needs a row and
    every row a record.

    The headers name the channels and the sample rate. Annotations inside the files are not read.

    Returns
    -------
    DataFrame
        What `fusionkit.datasets.labelled_folder.labelled_folder` returns, whose errors are those of this function too.
    """
    return labelled_folder(path, table, (".edf", ".bdf"), "edf")
