"""Hold out a share of the groups so that every class is represented in its proportion."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# A change smaller than this is a rounding error: it must not decide who is tested.
_NOTHING = 1e-12


def hold_out(counts: NDArray[np.float64], fraction: float, keep: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Choose whole groups in random order, as long as each brings the classes nearer to their shares.

    First each class, the rarest first, gets one group; then a group is taken if it makes
    ``sum over classes (held / n - fraction)^2`` smaller, where n counts the members of a class. Groups of one member
    give each class the whole number nearest to its share (at least one): ordinary stratification.

    Parameters
    ----------
    counts : ndarray [group, class]
        Members of each class in a group. Every class has some.
    fraction : float
        Share to hold out, between 0 and 1.
    keep : int
        Groups of each class that must be left.
    rng : Generator
        Decides the order of the groups.

    Returns
    -------
    ndarray [group] of bool
        What is held out.
    """
    share = counts / counts.sum(axis=0)
    member = counts > 0
    left = member.sum(axis=0)
    gap = np.full(counts.shape[1], -fraction)
    taken = np.zeros(len(counts), dtype=bool)
    order = rng.permutation(len(counts))

    def take(group: np.intp) -> None:
        nonlocal gap, left
        taken[group] = True
        gap = gap + share[group]
        left = left - member[group]

    for rare in np.argsort(left, kind="stable"):
        if member[taken, rare].any():
            continue
        allowed = member[:, rare] & ~(member & (left <= keep)).any(axis=1)
        candidates = order[allowed[order]]
        if len(candidates):
            change = (share[candidates] * (share[candidates] + 2 * gap)).sum(axis=1)
            take(candidates[np.argmin(np.round(change / _NOTHING))])
    for group in order:
        row = share[group]
        if taken[group] or row @ (row + 2 * gap) > -_NOTHING or (member[group] & (left <= keep)).any():
            continue
        take(group)
    return taken
