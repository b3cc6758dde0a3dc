"""A manifest in a CSV file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from fusionkit.datasets.label_table import read_table
from fusionkit.errors import UsageError
from fusionkit.options import Option

if TYPE_CHECKING:
    import pandas as pd


def manifest_csv(
    path: Path | None,
    /,
    *,
    multilabel: Annotated[bool, Option("Whether a label is several classes with semicolons between them.")] = False,
) -> pd.DataFrame:
    """Read recordings from a CSV file, a row each, with the columns of a manifest in its first line.

    Columns ``path`` and ``label``, and optionally id, subject, database, quality, split, start, stop, channels,
    sample_rate, variable and isolated. The separator is a comma, a semicolon or a tab, the encoding UTF-8. Every cell
    is read as text, so that 001 stays 001.

    Parameters
    ----------
    path : Path
        The CSV file. Paths in it are relative to its folder.
    multilabel : bool
        ``MI;STTC`` is then two classes, and not one of that name.

    Returns
    -------
    DataFrame
        The table, with absolute paths.

    Raises
    ------
    DataError
        If there is no such file, it is no CSV file in UTF-8, or a column comes twice.
    """
    if path is None:
        raise UsageError("dataset 'manifest' needs a CSV file: write its path, for example recordings.csv")
    frame = read_table(path, "manifest")
    if "path" in frame:
        frame["path"] = [str((path.parent / name).absolute()) if name else "" for name in frame["path"]]
    frame.attrs["multilabel"] = multilabel
    return frame
