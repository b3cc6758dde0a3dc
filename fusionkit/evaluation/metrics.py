"""Metrics of one part of a split, from true classes and probabilities."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from fusionkit.evaluation.cases import Cases, Floats, Truth, decide
from fusionkit.evaluation.intervals import intervals
from fusionkit.evaluation.predictions import (
    by_record,
    by_subject,
    class_names,
    probability_matrix,
    subject_level_obstacle,
    subjects_known,
    true_classes,
)
from fusionkit.evaluation.settings import EvaluationSettings
from fusionkit.evaluation.weighted_metrics import METRIC_NAMES, f1_by_class, weighted_metrics

__all__ = ["METRICS", "decide", "score_splits", "score_table"]

Metric = Callable[[Truth, Floats], float]
Scores = dict[str, Any]


def _metric(name: str) -> Metric:
    def metric(truth: Truth, probabilities: Floats) -> float:
        cases = Cases(truth, probabilities, np.arange(len(truth)))
        return float(weighted_metrics(cases, np.ones((1, len(truth))))[name][0])

    return metric


METRICS: dict[str, Metric] = {name: _metric(name) for name in METRIC_NAMES}
"""From truth [case], or multi-label [case, class], and probabilities [case, class] to a figure; NaN: undefined."""


def score_table(
    predictions: pd.DataFrame,
    settings: EvaluationSettings | None = None,
    *,
    multilabel: bool = False,
) -> Scores:
    """Return all metrics of a predictions table, at the level of records and at every other level.

    Parameters
    ----------
    predictions : DataFrame
        Windows of one part, with ``record``, ``label``, p_<class> and, where known, ``subject``.
    settings : EvaluationSettings, optional
        How windows become records, from which probability a case is the finding, and the intervals.
    multilabel : bool
        Whether a label names any number of classes, with semicolons between them; the probabilities are then decided
        one by one.

    Returns
    -------
    dict
        The figures of `METRICS` (None where one is not defined), ``f1`` a class, ``confusion``, ``classes`` and
        ``multilabel``; what `intervals` returns, unless it is switched off; the number of ``records``, ``windows`` and,
        where known, ``subjects``; ``levels``, with the same figures by ``window`` and by ``subject``, or
        ``no_subject_level``, the reason why there are none by subject. Confusion has a row a true class and a column a
        decided one; multi-label it is a list of [[tn, fp], [fn, tp]], one a class.

    Raises
    ------
    DataError
        If a label is no class, or a probability is NaN or lies outside 0 to 1.
    """
    settings = settings or EvaluationSettings()
    how, threshold = settings.aggregate, settings.threshold
    # Votes are counted after the threshold has been applied: the majority decides.
    gathered = replace(settings, threshold=0.5) if how == "vote" else settings
    records = by_record(predictions, how, multilabel, threshold)
    found = _figures(records, gathered, multilabel)
    same = len(records) == len(predictions) and how == "mean"
    windows = dict(found) if same else _figures(predictions, settings, multilabel)
    found |= {"records": len(records), "windows": len(predictions), "levels": {"window": windows}}
    if subjects_known(records):
        found["subjects"] = int(records["subject"].nunique())
    obstacle = subject_level_obstacle(records)
    if obstacle:
        found["no_subject_level"] = obstacle
    else:
        subjects = by_subject(predictions, how, multilabel, threshold)
        found["levels"]["subject"] = _figures(subjects, gathered, multilabel)
    return found


def score_splits(
    predictions: pd.DataFrame,
    settings: EvaluationSettings | None = None,
    *,
    multilabel: bool = False,
) -> dict[str, Scores]:
    """Return the metrics of every part, as `score_table` does.

    Only the test part has intervals: the model has seen the others. With several folds a figure is the mean over the
    folds, ``sd`` holds the standard deviations (ddof 1), ``folds`` the figures of each fold, and confusion counts are
    summed; ``pooled`` holds the figures, with intervals, of the test part with all folds in one table, although the
    probabilities are of different models. In a fold whose part lacks a class, as that of one subject often does, F1 and
    MCC are None: it is the pooled table that counts then.
    """
    settings = settings or EvaluationSettings()
    plain = replace(settings, intervals=0)
    scores: dict[str, Scores] = {}
    for split in [name for name in ("train", "validation", "test") if (predictions["split"] == name).any()]:
        part = predictions[predictions["split"] == split]
        chosen = settings if split == "test" else plain
        if part["fold"].nunique() == 1:
            scores[split] = score_table(part, chosen, multilabel=multilabel)
            continue
        groups = part.groupby("fold", sort=False)
        folds = {
            str(fold): _without_absent_classes(score_table(rows, plain, multilabel=multilabel)) for fold, rows in groups
        }
        scores[split] = _over_folds(folds) | {"records": int(part["record"].nunique())}
        if subjects_known(part):
            scores[split]["subjects"] = int(part["subject"].nunique())
        if split == "test":
            scores[split]["pooled"] = score_table(part, settings, multilabel=multilabel)
    return scores


def _figures(table: pd.DataFrame, settings: EvaluationSettings, multilabel: bool) -> Scores:
    """Return the figures of a table with a row a case."""
    classes = class_names(table)
    unit = "subject" if subjects_known(table) else "record"
    groups, names = pd.factorize(table[unit], sort=True)
    cases = Cases(true_classes(table, multilabel), probability_matrix(table), groups, settings.threshold)
    ones = np.ones((1, len(names)))
    counts = cases.counts(ones)
    found: Scores = {
        name: float(value) if math.isfinite(value) else None for name, (value,) in weighted_metrics(cases, ones).items()
    }
    found["f1"] = dict(zip(classes, f1_by_class(counts)[0].tolist(), strict=True))
    found["confusion"] = counts.confusion[0].astype(int).tolist()
    found |= {"classes": classes, "multilabel": multilabel}
    return found | (intervals(cases, unit, settings) if settings.intervals else {})


def _without_absent_classes(scores: Scores) -> Scores:
    """Return the figures of a fold, with None for those that need all classes where one is absent."""
    if scores["multilabel"]:
        return scores
    absent = [name for name, row in zip(scores["classes"], scores["confusion"], strict=True) if not sum(row)]
    if not absent:
        return scores
    return scores | {"f1_macro": None, "mcc": None, "f1": scores["f1"] | dict.fromkeys(absent)}


def _over_folds(folds: dict[str, Scores]) -> Scores:
    tables = list(folds.values())
    levels = [name for name in tables[0]["levels"] if all(name in table["levels"] for table in tables)]
    obstacles = [table["no_subject_level"] for table in tables if "no_subject_level" in table]
    return {
        **_averaged(tables),
        "windows": sum(table["windows"] for table in tables),
        "levels": {name: _averaged([table["levels"][name] for table in tables]) for name in levels},
        **({"no_subject_level": obstacles[0]} if obstacles else {}),
        "folds": folds,
    }


def _averaged(tables: list[Scores]) -> Scores:
    classes = tables[0]["classes"]
    known = {name: [table[name] for table in tables if table[name] is not None] for name in METRICS}
    return {
        **{name: _mean(values) for name, values in known.items()},
        "sd": {name: float(np.std(values, ddof=1)) if len(values) > 1 else None for name, values in known.items()},
        "f1": {label: _mean([table["f1"][label] for table in tables]) for label in classes},
        "confusion": np.sum([table["confusion"] for table in tables], axis=0).tolist(),
        "classes": classes,
        "multilabel": tables[0]["multilabel"],
    }


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
