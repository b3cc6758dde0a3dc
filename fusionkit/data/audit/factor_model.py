"""How often each class comes with a value of one factor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_BINS = 10
_BIN_RECORDS = 20


@dataclass(frozen=True)
class FactorModel:
    """A table of frequencies: the plainest classifier that sees one factor and no signal.

    A text is its own bin. Numbers with at most ten different values are too; others are cut at their quantiles into
    ten bins, or fewer, so that a bin holds about 20 recordings. Infinite and missing numbers are one more bin. The
    score of class c in bin b is ``(n_bc + p_c) / (n_b + 1) / p_c``, where p_c is the share of the class among all:
    above 1 where the class is more frequent than elsewhere, 1 for a value never seen.

    Parameters
    ----------
    edges : ndarray, optional
        Between the bins of a number; None for texts.
    bins : dict
        The row of every bin.
    scores : ndarray [bin + 1, class]
        The last row is for values never seen.
    counts : ndarray [bin, class]
        Recordings of every class.
    sizes : ndarray [bin]
        Recordings.
    """

    edges: NDArray[np.float64] | None
    bins: dict[Any, int]
    scores: NDArray[np.float64]
    counts: NDArray[np.float64]
    sizes: NDArray[np.float64]

    @classmethod
    def fit(cls, values: pd.Series[Any], members: NDArray[np.bool_]) -> FactorModel:
        """Count.

        Parameters
        ----------
        values : Series
            The factor, one value a recording.
        members : ndarray [recording, class] of bool
            The classes.
        """
        edges = _edges(values) if pd.api.types.is_numeric_dtype(values) else None
        rows, names = pd.factorize(_binned(values, edges))
        counts = np.stack(
            [np.bincount(rows, weights=column, minlength=len(names)) for column in members.T.astype(np.float64)], axis=1
        )
        sizes = np.bincount(rows, minlength=len(names)).astype(np.float64)
        shares = members.mean(axis=0)
        scores = np.ones((len(names) + 1, members.shape[1]))
        scores[:-1] = (counts + shares) / (sizes[:, None] + 1) / np.where(shares > 0, shares, 1)
        bins = {name: row for row, name in enumerate(names)}
        return cls(edges, bins, scores, np.asarray(counts, dtype=np.float64), sizes)

    def score(self, values: pd.Series[Any]) -> NDArray[np.float64]:
        """Return the scores [recording, class] of other recordings."""
        rows = pd.Series(_binned(values, self.edges)).map(self.bins).fillna(len(self.bins))
        return np.asarray(self.scores[rows.to_numpy(dtype=np.intp)])

    def tell(self, classes: Sequence[str]) -> str:
        """Return the number of bins and the most telling one: its share of a class against that among all."""
        shares = self.counts.sum(axis=0) / self.sizes.sum()
        expected = self.sizes[:, None] * shares
        surprise = (self.counts - expected) ** 2 / np.maximum(expected, np.finfo(np.float64).tiny)
        row, column = divmod(int(surprise.argmax()), len(classes))
        share = self.counts[row, column] / self.sizes[row]
        name = self._name(list(self.bins)[row])
        size = f"{self.sizes[row]:.0f} of {self.sizes.sum():.0f}"
        return f"{len(self.bins)} bins; {name} ({size}): {classes[column]} {share:.1%}, over all {shares[column]:.1%}"

    def _name(self, key: Any) -> str:
        if self.edges is None:
            return str(key)
        if key < 0:
            return "not a number"
        low, high = ([-np.inf, *self.edges][key], [*self.edges, np.inf][key])
        return f"{low:.4g} to {high:.4g}"


def _edges(values: pd.Series[Any]) -> NDArray[np.float64]:
    numbers = values.to_numpy(dtype=np.float64)
    numbers = numbers[np.isfinite(numbers)]
    distinct = np.unique(numbers)
    bins = min(_BINS, max(2, len(numbers) // _BIN_RECORDS))
    if len(distinct) <= bins:
        return np.asarray((distinct[1:] + distinct[:-1]) / 2)
    return np.asarray(np.unique(np.quantile(numbers, np.arange(1, bins) / bins)))


def _binned(values: pd.Series[Any], edges: NDArray[np.float64] | None) -> NDArray[Any]:
    if edges is None:
        return values.to_numpy(dtype=object)
    numbers = values.to_numpy(dtype=np.float64)
    bins = np.searchsorted(edges, numbers, side="right")
    bins[~np.isfinite(numbers)] = -1
    return bins
