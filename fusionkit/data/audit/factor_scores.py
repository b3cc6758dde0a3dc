"""How well scores tell the classes apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def mean_auc(scores: NDArray[np.float64], members: NDArray[np.bool_]) -> float:
    """Return the area under the ROC curve of one class against the rest, the mean over classes; ties count half."""
    areas = []
    for column, inside in zip(scores.T, members.T, strict=True):
        count = int(inside.sum())
        if 0 < count < len(inside):
            ranks = float(pd.Series(column).rank()[inside].sum())
            areas.append((ranks - count * (count + 1) / 2) / (count * (len(inside) - count)))
    return float(np.mean(areas)) if areas else float("nan")


def modified_accuracy(scores: NDArray[np.float64], members: NDArray[np.bool_], multilabel: bool) -> float:
    """Return the mean sensitivity over classes, of the class with the highest score; of several labels, above 1."""
    present = members.any(axis=0)
    if multilabel:
        said = scores > 1
        mixed = present & ~members.all(axis=0)
        if not mixed.any():
            return float("nan")
        sides = ((said & members, members), (~said & ~members, ~members))
        return float(np.mean([right.sum(axis=0)[mixed] / side.sum(axis=0)[mixed] for right, side in sides]))
    said = np.eye(members.shape[1], dtype=bool)[scores.argmax(axis=1)]
    return float(np.mean((said & members).sum(axis=0)[present] / members.sum(axis=0)[present]))
