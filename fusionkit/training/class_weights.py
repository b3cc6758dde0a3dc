"""Weights of samples in the loss, against class imbalance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def sample_weights(
    targets: NDArray[np.int64], scheme: str, within: NDArray[np.object_] | None = None
) -> NDArray[np.float32]:
    """Return the weight of every sample.

    Parameters
    ----------
    targets : array [sample] or [sample, class]
        Class numbers; for a multi-label task 1 where the sample belongs to the class: each class is then weighted
        by itself, as a task of two classes.
    scheme : 'none' or 'balanced'
        ``balanced``: n / (k n_c) for a sample of class c, where n is the number of samples, n_c of those of its class
        and k the number of classes that occur, as in scikit-learn.
    within : array [sample], optional
        Group of every sample, for example its database: n, n_c and k are then counted inside each group, so that the
        classes weigh the same within every group and the group itself tells nothing of the class.

    Returns
    -------
    array of the shape of the targets
        Weights with mean 1.
    """
    if targets.ndim > 1:
        columns = [sample_weights(column, scheme, within) for column in targets.T]
        return np.stack(columns, axis=1)
    weights = np.ones(len(targets), dtype=np.float32)
    if scheme == "none":
        return weights
    groups = np.zeros(len(targets), dtype=object) if within is None else within
    for group in np.unique(groups):
        members = groups == group
        classes, counts = np.unique(targets[members], return_counts=True)
        balanced = members.sum() / (len(classes) * counts)
        weights[members] = balanced[np.searchsorted(classes, targets[members])]
    return weights
