"""What was true and what was said, counted once so that it can be weighted many times."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fusionkit.evaluation.ranking import Ranking

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Truth = NDArray[np.int64] | NDArray[np.bool_]
Floats = NDArray[np.float64]


def decide(probabilities: Floats, multilabel: bool = False, threshold: float = 0.5) -> NDArray[np.int64]:
    """Return what probabilities [case, class] decide for.

    Of two classes the second where its p >= threshold, of more the class of the highest one [case]; or, where classes
    do not exclude each other, 1 for every class with p >= 0.5 [case, class].
    """
    if multilabel:
        return np.asarray(probabilities >= 0.5, dtype=np.int64)
    if probabilities.shape[1] == 2:
        return np.asarray(probabilities[:, 1] >= threshold, dtype=np.int64)
    return np.asarray(probabilities.argmax(axis=1), dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Counts:
    """Weights of the cases, summed.

    Parameters
    ----------
    right, total : array [weighting]
        Weight of the cases that were decided right in all, and of all cases.
    confusion : array [weighting, true, decided], multi-label [weighting, class, true, decided]
        Weight of the cases a pair of true and decided class; multi-label a 2 x 2 table a class, absent before present.
    """

    right: Floats
    total: Floats
    confusion: Floats

    @property
    def multilabel(self) -> bool:
        """Whether a case may belong to several classes."""
        return self.confusion.ndim == 4


@dataclass(frozen=True, eq=False)
class Cases:
    """True classes and probabilities of some cases, in groups that share a weight.

    Parameters
    ----------
    truth : int array [case], or, multi-label, bool or 0/1 array [case, class]
        What is true.
    probabilities : array [case, class]
        What a model says.
    groups : int array [case]
        The number of the group of every case, from 0.
    threshold : float
        Probability from which a case is said to be of the second of two exclusive classes.
    """

    truth: Truth
    probabilities: Floats
    groups: NDArray[np.intp]
    threshold: float = 0.5

    @property
    def multilabel(self) -> bool:
        """Whether a case may belong to several classes."""
        return self.truth.ndim == 2

    @cached_property
    def rankings(self) -> list[Ranking]:
        """The rankings whose areas are averaged: of the second of two exclusive classes, else of every class."""
        count = self.probabilities.shape[1]
        chosen = [1] if count == 2 and not self.multilabel else range(count)
        truth = self.truth.astype(bool) if self.multilabel else self.truth[:, None] == np.arange(count)
        return [Ranking(self.probabilities[:, label], truth[:, label], self.groups) for label in chosen]

    def counts(self, weights: Floats) -> Counts:
        """Return the counts of every weighting [weighting, group]."""
        table = (self._table @ weights.T).T
        classes = self.probabilities.shape[1]
        shape = (classes, 2, 2) if self.multilabel else (classes, classes)
        return Counts(table[:, 0], table[:, 1], table[:, 2:].reshape(len(weights), *shape))

    @cached_property
    def _table(self) -> csr_array:
        """Number of cases [figure, group]: decided right, all, then the cells of the confusion table."""
        from scipy.sparse import coo_array  # after training, not before it: it takes a while to import

        classes = self.probabilities.shape[1]
        decided = decide(self.probabilities, self.multilabel, self.threshold)
        truth = self.truth.astype(np.int64)
        if self.multilabel:
            right = (decided == truth).all(axis=1)
            cells = (np.arange(classes) * 4 + truth * 2 + decided).T
            size = classes * 4
        else:
            right = decided == truth
            cells = (truth * classes + decided)[None]
            size = classes * classes
        rows = np.concatenate([np.zeros(right.sum(), int), np.ones(len(truth), int), 2 + cells.ravel()])
        columns = np.concatenate([self.groups[right], self.groups, np.tile(self.groups, len(cells))])
        return coo_array((np.ones(len(rows)), (rows, columns)), shape=(2 + size, self.groups.max() + 1)).tocsr()
