"""The predictions table: the border between the model and science.

One row a window. Metrics, plots and comparisons are computed from it alone, so anybody can compute them again.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fusionkit.errors import DataError

PREFIX = "p_"
KEYS = ("fold", "split", "record", "subject", "database", "label")


def predictions_table(
    windows: pd.DataFrame, probabilities: NDArray[np.float64], classes: Sequence[str], *, fold: str, split: pd.Series
) -> pd.DataFrame:
    """Return one row a window: fold, split, record, subject, database, window, start, stop, label and p_<class>.

    Parameters
    ----------
    windows : DataFrame
        The windows, with at least ``record`` and ``label``.
    probabilities : array [window, class]
        What the model said of them.
    classes : sequence of str
        Class names, in the order of the probabilities.
    fold : str
        Name of the fold.
    split : Series
        Part of each window: train, validation or test.
    """
    known = ["record", "subject", "database", "window", "start", "stop", "label"]
    table = windows[[column for column in known if column in windows]].copy()
    table.insert(0, "fold", fold)
    table.insert(1, "split", split)
    for number, name in enumerate(classes):
        table[f"{PREFIX}{name}"] = probabilities[:, number]
    return table.reset_index(drop=True)


def class_names(predictions: pd.DataFrame) -> list[str]:
    """Return the classes of a predictions table, in the order of its columns."""
    return [str(column)[len(PREFIX) :] for column in predictions.columns if str(column).startswith(PREFIX)]


def by_record(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return one row a record: the mean of the probabilities of its windows."""
    keys = [key for key in KEYS if key in predictions]
    columns = [f"{PREFIX}{name}" for name in class_names(predictions)]
    return predictions.groupby(keys, sort=False, dropna=False)[columns].mean().reset_index()


def read_predictions(path: Path) -> pd.DataFrame:
    """Read a predictions table.

    Raises
    ------
    DataError
        If the file is not there, lacks a column, or has a label that is no class.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        for column in table.columns:
            if column in ("start", "stop") or column.startswith(PREFIX):
                # Python reads a written number back to the same bits; not every version of pandas does.
                table[column] = np.array([float(text) for text in table[column]])
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as a table of predictions: {error}") from error
    missing = {"split", "record", "label"} - set(table.columns)
    if missing or not class_names(table):
        raise DataError(
            f"{path} lacks {', '.join(sorted(missing) or [PREFIX + '<class>'])}; expected a predictions.csv"
        )
    unknown = sorted(set(table["label"]) - set(class_names(table)))
    if unknown:
        raise DataError(f"{path} has the label {unknown[0]!r}, but no column {PREFIX + unknown[0]!r}")
    return table
