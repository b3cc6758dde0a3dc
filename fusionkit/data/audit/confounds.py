"""How far a label can be told without looking at the signal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fusionkit.data.audit.factor_model import FactorModel
from fusionkit.data.audit.factor_scores import mean_auc, modified_accuracy
from fusionkit.data.labels import membership

_TEXTS = ("database", "quality")
_NUMBERS = ("sample_rate", "level")


def confounds(
    records: pd.DataFrame, classes: Sequence[str], *, multilabel: bool = False, folds: int = 5, seed: int = 0
) -> pd.DataFrame:
    """Say how well each factor alone predicts the label.

    A `FactorModel` is fitted to database, quality, sample rate, level and duration, one at a time; once on all
    recordings (in-sample), and once in cross-validation, stratified by label and grouped by subject where subjects are
    known. A classifier of signals that does no better may have learned the factor.

    Parameters
    ----------
    records : DataFrame
        ``id``, ``label``, ``start`` and ``stop`` (s), and where known ``subject``, ``database``, ``quality``,
        ``sample_rate`` (Hz) and ``level`` (dB).
    classes : sequence of str
        The classes, in their order.
    multilabel : bool
        Whether a label names several classes.
    folds : int
        Folds of the cross-validation.
    seed : int
        Seed of their random choice.

    Returns
    -------
    DataFrame
        A row a factor: ``factor``; ``in_sample_auc`` and ``auc`` (in cross-validation: area under the ROC curve, one
        class against the rest, mean over the classes); ``in_sample_modified_accuracy`` and ``modified_accuracy`` (mean
        of the sensitivities of the classes; with several labels of ``(sensitivity + specificity) / 2``); ``detail``
        (the most telling value, or the only one). NaN for a factor that is constant.
    """
    members = membership(records["label"], classes, multilabel)
    parts = _cross_parts(records, folds, seed)
    rows = []
    for name, values in _factors(records):
        row: dict[str, Any] = {"factor": name}
        model = FactorModel.fit(values, members)
        if len(model.bins) < 2:
            row["detail"] = f"constant: {values.iloc[0]}"
        else:
            inside = model.score(values)
            outside = np.ones_like(inside)
            for part in np.unique(parts):
                held = parts == part
                if held.all():
                    continue
                outside[held] = FactorModel.fit(values[~held], members[~held]).score(values[held])
            for prefix, scores in (("in_sample_", inside), ("", outside)):
                row[f"{prefix}auc"] = mean_auc(scores, members)
                row[f"{prefix}modified_accuracy"] = modified_accuracy(scores, members, multilabel)
            row["detail"] = model.tell(classes)
        rows.append(row)
    columns = ["factor", "in_sample_auc", "auc", "in_sample_modified_accuracy", "modified_accuracy", "detail"]
    return pd.DataFrame(rows, columns=columns)


def floors(
    records: pd.DataFrame, folds: pd.DataFrame, classes: Sequence[str], *, multilabel: bool = False
) -> pd.DataFrame:
    """Say how well each factor alone, learned on the training part of a run, predicts its test part.

    The best factor is the floor below which a result on that test part says nothing.

    Parameters
    ----------
    records : DataFrame
        As in `confounds`.
    folds : DataFrame
        ``fold``, ``record`` and ``split``.
    classes : sequence of str
        The classes, in their order.
    multilabel : bool
        Whether a label names several classes.

    Returns
    -------
    DataFrame
        A row a fold and factor: ``fold``, ``factor``, ``auc`` and ``modified_accuracy``, over the classes that the
        test part has; with several folds also their test parts in one table, as the fold ``all``.
    """
    records = records.reset_index(drop=True)
    members = membership(records["label"], classes, multilabel)
    places = pd.Series(records.index, index=records["id"])
    scored: dict[tuple[str, str], list[tuple[NDArray[np.float64], NDArray[np.bool_]]]] = {}
    several = folds["fold"].nunique() > 1
    for fold, of_fold in folds.groupby("fold", sort=False):
        train, test = (places[of_fold["record"][of_fold["split"] == part]].to_numpy() for part in ("train", "test"))
        if not len(train) or not len(test):
            continue
        for name, values in _factors(records):
            if values[train].nunique() < 2:
                continue
            scores = FactorModel.fit(values[train], members[train]).score(values[test])
            for key in ((str(fold), name), *([("all", name)] if several else [])):
                scored.setdefault(key, []).append((scores, members[test]))
    rows = []
    for (fold, name), parts in scored.items():
        scores, truth = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        rows.append((fold, name, mean_auc(scores, truth), modified_accuracy(scores, truth, multilabel)))
    return pd.DataFrame(rows, columns=["fold", "factor", "auc", "modified_accuracy"])


def _factors(records: pd.DataFrame) -> Iterator[tuple[str, pd.Series[Any]]]:
    for names, kind in ((_TEXTS, str), (_NUMBERS, float)):
        for name in names:
            if name in records:
                yield name, records[name].astype(kind)
    # Equal lengths at different places of a file differ by rounding.
    yield "duration", (records["stop"] - records["start"]).astype(float).round(6)


def _cross_parts(records: pd.DataFrame, folds: int, seed: int) -> NDArray[np.intp]:
    """Deal the subjects, in random order and sorted by their most frequent label, out to the folds in turn."""
    groups = np.unique(records["subject" if "subject" in records else "id"].astype(str), return_inverse=True)[1]
    labels = np.unique(records["label"].astype(str), return_inverse=True)[1]
    counts = np.zeros((groups.max() + 1, labels.max() + 1), dtype=np.intp)
    np.add.at(counts, (groups, labels), 1)
    shuffled = np.random.default_rng(seed).permutation(len(counts))
    order = shuffled[np.argsort(counts.argmax(axis=1)[shuffled], kind="stable")]
    parts = np.empty(len(counts), dtype=np.intp)
    parts[order] = np.arange(len(counts)) % folds
    return parts[groups]
