"""Every metric as a function of counts or rankings that are weighted in many ways.

One implementation serves the figure itself (all weights 1) and its bootstrap (a weight says how often a group was
drawn). Where a case may belong to several classes, a metric is the mean over the classes, each present or absent,
except for `accuracy`.
"""

from __future__ import annotations

import numpy as np

from fusionkit.evaluation.cases import Cases, Counts, Floats

METRIC_NAMES = ("accuracy", "balanced_accuracy", "f1_macro", "roc_auc", "average_precision", "mcc")


def weighted_metrics(cases: Cases, weights: Floats) -> dict[str, Floats]:
    """Return every metric of every weighting [weighting, group].

    ``roc_auc`` and ``average_precision`` are those of the second of two exclusive classes, else the mean over one class
    against the rest; NaN when a class does not occur, or nothing else does.
    """
    counts = cases.counts(weights)
    areas = np.mean([ranking.areas(weights) for ranking in cases.rankings], axis=0)
    return {
        "accuracy": accuracy(counts),
        "balanced_accuracy": balanced_accuracy(counts),
        "f1_macro": f1_macro(counts),
        "roc_auc": areas[0],
        "average_precision": areas[1],
        "mcc": mcc(counts),
    }


def accuracy(counts: Counts) -> Floats:
    """Return the share of right decisions; multi-label of those with every class right (subset accuracy)."""
    return counts.right / counts.total


def balanced_accuracy(counts: Counts) -> Floats:
    """Return the mean, over the classes that occur, of the share of right decisions.

    Multi-label: the mean over classes of (sensitivity + specificity) / 2, or of the one of them that is defined.
    """
    occurs = counts.confusion.sum(axis=-1)
    recall = np.divide(_diagonal(counts), occurs, out=np.zeros_like(occurs), where=occurs > 0)
    return _over_classes(counts, recall.sum(axis=-1) / (occurs > 0).sum(axis=-1))


def f1_by_class(counts: Counts) -> Floats:
    """Return F1 = 2 TP / (2 TP + FP + FN) of every class [weighting, class]: 0 for a class that never occurs."""
    marginals = counts.confusion.sum(axis=-1) + counts.confusion.sum(axis=-2)
    scores = np.divide(2 * _diagonal(counts), marginals, out=np.zeros_like(marginals), where=marginals > 0)
    return np.asarray(scores[..., 1] if counts.multilabel else scores)


def f1_macro(counts: Counts) -> Floats:
    """Return the mean over all classes of F1 = 2 TP / (2 TP + FP + FN), which is 0 for a class that never occurs."""
    return np.asarray(f1_by_class(counts).mean(axis=1))


def mcc(counts: Counts) -> Floats:
    """Return Matthews' correlation coefficient, for several exclusive classes as R_K; 0 where all is one class.

    References
    ----------
    Gorodkin, Comput Biol Chem 28 (2004) 367, doi 10.1016/j.compbiolchem.2004.09.006
    """
    total = counts.confusion.sum(axis=(-2, -1))
    true, decided = counts.confusion.sum(axis=-1), counts.confusion.sum(axis=-2)
    covariance = _diagonal(counts).sum(axis=-1) * total - (true * decided).sum(axis=-1)
    spread = np.sqrt(total**2 - (true**2).sum(axis=-1)) * np.sqrt(total**2 - (decided**2).sum(axis=-1))
    return _over_classes(counts, np.divide(covariance, spread, out=np.zeros_like(total), where=spread > 0))


def _diagonal(counts: Counts) -> Floats:
    return np.asarray(np.diagonal(counts.confusion, axis1=-2, axis2=-1))


def _over_classes(counts: Counts, figures: Floats) -> Floats:
    return np.asarray(figures.mean(axis=-1)) if counts.multilabel else figures
