"""How far the figures of a table can be trusted: percentile intervals of the cluster bootstrap."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from fusionkit.evaluation.cases import Cases, Floats
from fusionkit.evaluation.settings import EvaluationSettings
from fusionkit.evaluation.weighted_metrics import METRIC_NAMES, weighted_metrics

_FEW = 10
_BLOCK = 125_000
"""Weights held at once."""


def intervals(cases: Cases, unit: str, settings: EvaluationSettings) -> dict[str, Any]:
    """Return a percentile bootstrap interval of every metric.

    Groups (subjects, or records where no subject is known) are drawn with replacement, as many as there are, with all
    their cases. An interval reaches from the (1 - confidence) / 2 quantile of the resamples to the (1 + confidence) /
    2 quantile. It tells how the figure would vary with other subjects, not with another training of the model; where
    every decision is right, it is the single point 1.

    Parameters
    ----------
    cases : Cases
        Truth and probabilities; their groups are what is drawn.
    unit : str
        What a group is: ``subject`` or ``record``.
    settings : EvaluationSettings
        Number of resamples and confidence.

    Returns
    -------
    dict
        ``interval``: (low, high) a metric, None where it is not defined in most resamples; ``interval_unit``; where
        they apply, ``interval_undefined``: number of resamples, a metric, that were dropped since a class was missing;
        and ``interval_note``, on too few groups. The result depends on the cases alone, not on their order.

    References
    ----------
    Field and Welsh, J R Stat Soc B 69 (2007) 369, doi 10.1111/j.1467-9868.2007.00593.x
    """
    count = int(cases.groups.max()) + 1
    found: dict[str, Any] = {"interval": dict.fromkeys(METRIC_NAMES), "interval_unit": unit}
    if count < _FEW:
        found["interval_note"] = f"only {count} {unit}{'s' * (count > 1)}: too few for an interval to be relied on"
    if count < 2:
        return found
    tail = (1 - settings.confidence) / 2
    blocks = [weighted_metrics(cases, drawn) for drawn in _resamples(count, len(cases.truth), settings.intervals)]
    undefined: dict[str, int] = {}
    for name in METRIC_NAMES:
        values = np.concatenate([block[name] for block in blocks])
        known = values[np.isfinite(values)]
        if len(known) < len(values):
            undefined[name] = len(values) - len(known)
        if 2 * len(known) > len(values):
            found["interval"][name] = np.quantile(known, [tail, 1 - tail]).tolist()
    return found | ({"interval_undefined": undefined} if undefined else {})


def _resamples(groups: int, cases: int, resamples: int) -> Iterator[Floats]:
    """Yield how often each group is drawn [resample, group], in blocks."""
    rng = np.random.default_rng(0)
    rows = max(1, _BLOCK // cases)
    for start in range(0, resamples, rows):
        size = min(rows, resamples - start)
        drawn = rng.integers(groups, size=(size, groups)) + np.arange(size)[:, None] * groups
        yield np.bincount(drawn.ravel(), minlength=size * groups).reshape(size, groups).astype(np.float64)
