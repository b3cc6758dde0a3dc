"""Metrics of one part of a split, from true classes and probabilities."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn import metrics

from fusionkit.evaluation.predictions import PREFIX, by_record, class_names

Truth = NDArray[np.int64]
Probabilities = NDArray[np.float64]


def decide(probabilities: Probabilities) -> Truth:
    """Return the class of the highest probability; of two classes with equal ones, the second (p >= 0.5)."""
    if probabilities.shape[1] == 2:
        return np.asarray(probabilities[:, 1] >= 0.5, dtype=np.int64)
    return np.asarray(probabilities.argmax(axis=1), dtype=np.int64)


def accuracy(truth: Truth, probabilities: Probabilities) -> float:
    """Return the share of right decisions."""
    return float(metrics.accuracy_score(truth, decide(probabilities)))


def balanced_accuracy(truth: Truth, probabilities: Probabilities) -> float:
    """Return the mean, over the classes that occur, of the share of right decisions."""
    decided = decide(probabilities)
    return float(np.mean([(decided[truth == label] == label).mean() for label in np.unique(truth)]))


def f1_macro(truth: Truth, probabilities: Probabilities) -> float:
    """Return the mean over all classes of F1 = 2 TP / (2 TP + FP + FN), which is 0 for a class that never occurs."""
    return float(np.mean(f1_by_class(truth, probabilities)))


def f1_by_class(truth: Truth, probabilities: Probabilities) -> list[float]:
    """Return F1 = 2 TP / (2 TP + FP + FN) of every class."""
    labels = range(probabilities.shape[1])
    scores = metrics.f1_score(truth, decide(probabilities), labels=labels, average=None, zero_division=0)
    return [float(score) for score in scores]


def roc_auc(truth: Truth, probabilities: Probabilities) -> float:
    """Return the area under the ROC curve: of the second of two classes, else the mean over one class against the rest.

    NaN when a class does not occur, or is the only one.
    """
    return _one_against_rest(metrics.roc_auc_score, truth, probabilities)


def average_precision(truth: Truth, probabilities: Probabilities) -> float:
    """Return the average precision: of the second of two classes, else the mean over one class against the rest.

    NaN when a class does not occur, or is the only one.
    """
    return _one_against_rest(metrics.average_precision_score, truth, probabilities)


def mcc(truth: Truth, probabilities: Probabilities) -> float:
    """Return Matthews' correlation coefficient, for several classes as R_K; 0 where all is one class.

    References
    ----------
    Gorodkin, Comput Biol Chem 28 (2004) 367, doi 10.1016/j.compbiolchem.2004.09.006
    """
    decided = decide(probabilities)
    if np.array_equal(truth, decided) and len(np.unique(truth)) == 1:
        return 0.0
    return float(metrics.matthews_corrcoef(truth, decided))


METRICS: dict[str, Callable[[Truth, Probabilities], float]] = {
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
    "f1_macro": f1_macro,
    "roc_auc": roc_auc,
    "average_precision": average_precision,
    "mcc": mcc,
}


def score_table(predictions: pd.DataFrame) -> dict[str, Any]:
    """Return all metrics of a predictions table, at the level of records.

    Parameters
    ----------
    predictions : DataFrame
        Windows of one part, with ``label`` and p_<class>.

    Returns
    -------
    dict
        The figures of `METRICS` (None where one is not defined), ``f1`` a class, ``confusion`` (a row a true class),
        ``classes``, and the number of ``records`` and ``windows``.
    """
    classes = class_names(predictions)
    records = by_record(predictions)
    truth = np.array([classes.index(label) for label in records["label"]], dtype=np.int64)
    probabilities = records[[f"{PREFIX}{name}" for name in classes]].to_numpy(dtype=np.float64)
    figures: dict[str, Any] = {}
    for name, metric in METRICS.items():
        value = metric(truth, probabilities)
        figures[name] = value if math.isfinite(value) else None
    figures["f1"] = dict(zip(classes, f1_by_class(truth, probabilities), strict=True))
    confusion = metrics.confusion_matrix(truth, decide(probabilities), labels=range(len(classes)))
    figures["confusion"] = confusion.tolist()
    figures["classes"] = classes
    figures["records"] = len(records)
    figures["windows"] = len(predictions)
    return figures


def score_splits(predictions: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return the metrics of every part.

    With several folds a figure is the mean over the folds, ``sd`` holds the standard deviations (ddof 1), ``folds`` the
    figures of each fold, and confusion counts are summed; ``pooled`` holds the figures of the test part with all folds
    in one table, although the probabilities are of different models.
    """
    scores: dict[str, dict[str, Any]] = {}
    for split in [name for name in ("train", "validation", "test") if (predictions["split"] == name).any()]:
        part = predictions[predictions["split"] == split]
        folds = {str(fold): score_table(rows) for fold, rows in part.groupby("fold", sort=False)}
        scores[split] = next(iter(folds.values())) if len(folds) == 1 else _over_folds(folds)
        if len(folds) > 1:
            scores[split]["records"] = int(part["record"].nunique())
            if split == "test":
                scores[split]["pooled"] = score_table(part)
    return scores


def _over_folds(folds: dict[str, dict[str, Any]]) -> dict[str, Any]:
    tables = list(folds.values())
    classes = tables[0]["classes"]
    known = {name: [table[name] for table in tables if table[name] is not None] for name in METRICS}
    return {
        **{name: float(np.mean(values)) if values else None for name, values in known.items()},
        "sd": {name: float(np.std(values, ddof=1)) if len(values) > 1 else None for name, values in known.items()},
        "f1": {label: float(np.mean([table["f1"][label] for table in tables])) for label in classes},
        "confusion": np.sum([table["confusion"] for table in tables], axis=0).tolist(),
        "classes": classes,
        "windows": sum(table["windows"] for table in tables),
        "folds": folds,
    }


def _one_against_rest(
    score: Callable[[NDArray[np.bool_], Probabilities], float], truth: Truth, probabilities: Probabilities
) -> float:
    count = probabilities.shape[1]
    if len(np.unique(truth)) < max(count, 2):
        return math.nan
    positives = [1] if count == 2 else range(count)
    return float(np.mean([score(truth == label, probabilities[:, label]) for label in positives]))
