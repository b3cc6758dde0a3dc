"""The predictions table: the border between the model and science.

One row a window. Metrics, plots and comparisons are computed from it alone, so anybody can compute them again.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fusionkit.data.csv_cells import restored_table
from fusionkit.data.labels import label_classes, membership
from fusionkit.errors import DataError
from fusionkit.evaluation.cases import decide
from fusionkit.evaluation.settings import Aggregate

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


def by_record(
    predictions: pd.DataFrame, how: Aggregate = "mean", multilabel: bool = False, threshold: float = 0.5
) -> pd.DataFrame:
    """Return one row a record, with the probabilities that its windows give.

    Parameters
    ----------
    predictions : DataFrame
        A row a window.
    how : 'mean', 'max' or 'vote'
        The mean of the windows; the maximum of each class, divided by the sum over classes unless multi-label; or the
        share of windows that decide for the class.
    multilabel : bool
        Whether a record may belong to several classes.
    threshold : float
        Probability from which a window votes for the second of two exclusive classes.
    """
    return _gathered(predictions, KEYS, how, multilabel, threshold)


def by_subject(
    predictions: pd.DataFrame, how: Aggregate = "mean", multilabel: bool = False, threshold: float = 0.5
) -> pd.DataFrame:
    """Return one row a subject, from its records as `by_record` makes a record from its windows.

    A record votes for what the majority of its windows voted for.
    """
    records = by_record(predictions, how, multilabel, threshold)
    return _gathered(records, ("fold", "split", "subject", "label"), how, multilabel)


def subjects_known(table: pd.DataFrame) -> bool:
    """Return whether every row names its subject."""
    return "subject" in table and bool((table["subject"].notna() & (table["subject"] != "")).all())


def subject_level_obstacle(records: pd.DataFrame) -> str | None:
    """Return why records cannot be scored by subject, or None where they can."""
    if not subjects_known(records):
        return "no subjects are known"
    labels = records.groupby("subject")["label"].nunique()
    several = labels.index[labels > 1]
    if len(several):
        return f"{len(several)} of {len(labels)} subjects have records with different labels, for example {several[0]}"
    return None


def true_classes(table: pd.DataFrame, multilabel: bool = False) -> NDArray[np.int64] | NDArray[np.bool_]:
    """Return the number of the class of every row; multi-label, whether a row belongs to a class [row, class].

    Raises
    ------
    DataError
        If a label is not, or names, a class without probabilities.
    """
    classes = class_names(table)
    labels, places = np.unique(table["label"].astype(str), return_inverse=True)
    for label in labels:
        for name in label_classes(label, multilabel):
            if name not in classes:
                raise DataError(f"the label {name!r} of a prediction has no column {PREFIX + name!r}")
    members = membership(labels, classes, multilabel)[places]
    return members if multilabel else np.asarray(members.argmax(axis=1), dtype=np.int64)


def probability_matrix(table: pd.DataFrame) -> NDArray[np.float64]:
    """Return the probabilities [row, class].

    Raises
    ------
    DataError
        If one is NaN or lies outside 0 to 1.
    """
    columns = [f"{PREFIX}{name}" for name in class_names(table)]
    matrix = table[columns].to_numpy(dtype=np.float64)
    wrong = ~((matrix >= 0) & (matrix <= 1))
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise DataError(
            f"the prediction of record {table['record'].iloc[row]} has {columns[column]} = {matrix[row, column]:g}; "
            f"expected 0 to 1 ({wrong.any(axis=1).sum()} rows are wrong)"
        )
    return matrix


def _gathered(
    table: pd.DataFrame, keys: Sequence[str], how: Aggregate, multilabel: bool, threshold: float = 0.5
) -> pd.DataFrame:
    columns = [f"{PREFIX}{name}" for name in class_names(table)]
    present = [key for key in keys if key in table]
    matrix = probability_matrix(table)
    if how == "vote":
        decided = decide(matrix, multilabel, threshold)
        matrix = np.asarray(decided if multilabel else decided[:, None] == np.arange(len(columns)), dtype=np.float64)
    rows = pd.concat([table[present], pd.DataFrame(matrix, columns=columns, index=table.index)], axis=1)
    groups = rows.groupby(present, sort=False, dropna=False)[columns]
    gathered = groups.max() if how == "max" else groups.mean()
    if how == "max" and not multilabel:
        gathered = gathered.div(gathered.sum(axis=1), axis=0)
    return gathered.reset_index()


def read_predictions(path: Path, multilabel: bool = False) -> pd.DataFrame:
    """Read a predictions table.

    Parameters
    ----------
    path : Path
        A predictions.csv.
    multilabel : bool
        Whether a label names any number of classes, with semicolons between them.

    Raises
    ------
    DataError
        If the file is not there, lacks a column, has a label that is no class, or a probability that is none.
    """
    try:
        table = restored_table(pd.read_csv(path, dtype=str, keep_default_na=False))
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
    try:
        true_classes(table, multilabel)
        probability_matrix(table)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    return table
