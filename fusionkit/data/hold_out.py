"""Hold out a share of the groups so that every class is represented in its proportion."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def hold_out(
    groups: NDArray[np.intp], classes: NDArray[np.intp], fraction: float, keep: int, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Choose whole groups in random order, as long as each brings every class nearer to its share.

    First each class, the rarest first, gets one group; then a group is taken if it makes
    ``sum over classes ((held - fraction * n) / n)^2`` smaller, where n counts the members of a class. Groups of one
    member give each class the whole number nearest to its share (at least one): ordinary stratification.

    Parameters
    ----------
    groups, classes : ndarray [member] of int
        Group and class of every member, numbered from 0.
    fraction : float
        Share to hold out, between 0 and 1.
    keep : int
        Groups of each class that must be left.
    rng : Generator
        Decides the order of the groups.

    Returns
    -------
    ndarray [member] of bool
        What is held out.
    """
    counts = np.zeros((groups.max() + 1, classes.max() + 1))
    np.add.at(counts, (groups, classes), 1)
    totals = counts.sum(axis=0)
    share = counts / totals
    left = (counts > 0).sum(axis=0)
    held = np.zeros(len(totals))
    taken = np.zeros(len(counts), dtype=bool)
    order = rng.permutation(len(counts))

    def distance(group: int) -> float:
        return float(((held + share[group] - fraction) ** 2).sum())

    def allowed(group: int) -> bool:
        return not taken[group] and bool((left[counts[group] > 0] > keep).all())

    def take(group: int) -> None:
        nonlocal held, left
        taken[group] = True
        held = held + share[group]
        left = left - (counts[group] > 0)

    for rare in np.argsort(left, kind="stable"):
        candidates = [group for group in order if counts[group, rare] and allowed(group)]
        if held[rare] == 0 and candidates:
            take(min(candidates, key=distance))
    for group in order:
        if allowed(group) and distance(group) < float(((held - fraction) ** 2).sum()):
            take(group)
    held_out: NDArray[np.bool_] = taken[groups]
    return held_out
