"""The areas under the ROC curve and the precision-recall curve, for many weightings of the same cases."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Ranking:
    """Cases in the order of their scores: sorted once, weighted as often as wanted.

    Parameters
    ----------
    scores : array [case]
        The higher, the more likely positive.
    positive : bool array [case]
        Which cases are.
    groups : int array [case]
        The number of the group whose weight a case has.
    """

    def __init__(self, scores: Floats, positive: NDArray[np.bool_], groups: NDArray[np.intp]) -> None:
        order = np.argsort(-scores, kind="stable")
        ordered, hits = scores[order], positive[order]
        self._groups = groups[order]
        self._positive_groups = self._groups[hits]
        # Cases of one score are passed together; only the steps with a positive among them add to an area.
        edges = np.concatenate([[0], np.flatnonzero(np.diff(ordered)) + 1, [len(ordered)]])
        passed = np.concatenate([[0], np.cumsum(hits)])[edges]
        steps = np.flatnonzero(np.diff(passed))
        self._starts, self._ends = edges[steps], edges[steps + 1]
        self._hits = np.concatenate([[0], passed[steps + 1]])

    def areas(self, weights: Floats) -> tuple[Floats, Floats]:
        """Return the area under the ROC curve and the average precision of every weighting.

        ROC: the share of weighted pairs of a positive and a negative in which the positive has the higher score, ties
        counted half. Average precision: the sum over scores of precision times the gain in recall, without
        interpolation.

        Parameters
        ----------
        weights : array [weighting, group]
            Weights of the groups, 0 or more.

        Returns
        -------
        tuple of two arrays [weighting]
            NaN where all weight is on positives or none is.
        """
        seen = _cumulated(np.take(weights, self._groups, axis=1))
        true = np.take(_cumulated(np.take(weights, self._positive_groups, axis=1)), self._hits, axis=1)
        gained = np.diff(true, axis=1)
        positives = true[:, -1]
        negatives = seen[:, -1] - positives
        reached = np.take(seen, self._ends, axis=1)
        # Twice the negatives before a step and half of those within it.
        false = np.take(seen, self._starts, axis=1) + reached - true[:, :-1] - true[:, 1:]
        precision = true[:, 1:] / np.maximum(reached, np.finfo(np.float64).tiny)
        with np.errstate(invalid="ignore", divide="ignore"):
            roc = 1 - np.einsum("ij,ij->i", gained, false) / (2 * positives * negatives)
            average = np.einsum("ij,ij->i", gained, precision) / positives
        defined = (positives > 0) & (negatives > 0)
        return np.where(defined, roc, np.nan), np.where(defined, average, np.nan)


def _cumulated(values: Floats) -> Floats:
    """Return sums of the first 0, 1, 2, ... columns."""
    sums = np.zeros((values.shape[0], values.shape[1] + 1))
    np.cumsum(values, axis=1, out=sums[:, 1:])
    return sums
