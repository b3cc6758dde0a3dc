"""The bootstrap against scipy, against copied rows, and against what a 95 % interval promises."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats
from sklearn import metrics as sk

from fusionkit.evaluation.cases import Cases
from fusionkit.evaluation.intervals import intervals
from fusionkit.evaluation.metrics import METRICS, score_table
from fusionkit.evaluation.settings import EvaluationSettings


def clustered(
    seed: int, subjects: int, records: int, classes: int = 2
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.intp]]:
    """Return truth, probabilities and subjects; records of one subject are similarly easy."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(subjects), records)
    truth = np.concatenate([np.arange(classes), rng.integers(classes, size=len(groups) - classes)])
    ease = rng.normal(1, 1, size=subjects)[groups]
    scores = rng.normal(size=(len(groups), classes)) + ease[:, None] * np.eye(classes)[truth]
    table = np.exp(scores)
    return truth, table / table.sum(axis=1, keepdims=True), groups


def area(truth: NDArray[np.int64], scores: NDArray[np.float64]) -> float:
    positives = truth.sum()
    ranks = stats.rankdata(scores)[truth == 1].sum()
    return float((ranks - positives * (positives + 1) / 2) / (positives * (len(truth) - positives)))


@pytest.mark.parametrize("confidence", [0.95, 0.8])
def test_against_scipy(confidence: float) -> None:
    truth, table, _ = clustered(0, 150, 1)
    resamples = 4000
    cases = Cases(truth, table, np.arange(150))
    found = intervals(cases, "record", EvaluationSettings(intervals=resamples, confidence=confidence))["interval"]
    scores = table[:, 1]
    right = (scores >= 0.5) == truth
    tail = (1 - confidence) / 2
    given: dict[str, Any] = {"n_resamples": resamples, "confidence_level": confidence, "method": "percentile"}
    references = {
        "accuracy": stats.bootstrap((right,), np.mean, rng=np.random.default_rng(1), **given),
        "roc_auc": stats.bootstrap(
            (truth, scores), area, paired=True, vectorized=False, rng=np.random.default_rng(2), **given
        ),
    }
    for name, reference in references.items():
        # Five standard errors of the difference of two sample quantiles, and one step of the accuracy.
        density = stats.norm.pdf(stats.norm.ppf(tail)) / reference.standard_error
        tolerance = 5 * math.sqrt(2 * tail * (1 - tail) / resamples) / density + (1 / 150 if name == "accuracy" else 0)
        assert tolerance < 0.25 * (found[name][1] - found[name][0])
        np.testing.assert_allclose(found[name], reference.confidence_interval, rtol=0, atol=tolerance)


def test_subjects_are_drawn_with_all_their_records() -> None:
    truth, table, groups = clustered(1, 25, 4, classes=3)
    resamples = 1000
    found = intervals(Cases(truth, table, groups), "subject", EvaluationSettings(intervals=resamples))["interval"]
    rng = np.random.default_rng(5)
    values = []
    for _ in range(resamples):
        rows = np.concatenate([np.flatnonzero(groups == group) for group in rng.integers(25, size=25)])
        values.append(sk.balanced_accuracy_score(truth[rows], table[rows].argmax(axis=1)))
    density = stats.norm.pdf(1.96) / np.std(values)
    tolerance = 5 * math.sqrt(2 * 0.025 * 0.975 / resamples) / density
    np.testing.assert_allclose(found["balanced_accuracy"], np.quantile(values, [0.025, 0.975]), rtol=0, atol=tolerance)


def test_copies_of_a_record_add_no_certainty() -> None:
    truth, table, groups = clustered(2, 40, 1)
    settings = EvaluationSettings(intervals=300)
    once = intervals(Cases(truth, table, groups), "subject", settings)
    rows = np.repeat(np.arange(40), 10)
    often = intervals(Cases(truth[rows], table[rows], groups[rows]), "subject", settings)
    for name in METRICS:
        np.testing.assert_allclose(often["interval"][name], once["interval"][name], rtol=0, atol=1e-12)


def test_coverage() -> None:
    """In 200 simulated studies, the 95 % interval of accuracy holds the true value about 95 % of the time."""
    rng = np.random.default_rng(3)
    subjects, records = 40, 4
    settings = EvaluationSettings(intervals=400)
    groups = np.repeat(np.arange(subjects), records)
    covered, naive = 0, 0
    for _ in range(200):
        skill = rng.beta(2.4, 0.6, size=subjects)[groups]
        truth = rng.integers(2, size=len(groups))
        decided = np.where(rng.random(len(groups)) < skill, truth, 1 - truth).astype(float)
        table = np.column_stack([1 - decided, decided])
        low, high = intervals(Cases(truth, table, groups), "subject", settings)["interval"]["accuracy"]
        covered += low <= 0.8 <= high
        low, high = intervals(Cases(truth, table, np.arange(len(groups))), "record", settings)["interval"]["accuracy"]
        naive += low <= 0.8 <= high
    assert 0.88 <= covered / 200 <= 0.99
    assert naive < covered, "records of one subject are not independent"


@pytest.mark.parametrize("multilabel", [False, True])
def test_an_interval_holds_the_figure(multilabel: bool) -> None:
    settings = EvaluationSettings(intervals=200)
    held = []
    for seed in range(60):
        truth, table, groups = clustered(seed, 40, 3, classes=2 + seed % 3)
        names = np.array(list("abcd"))[: table.shape[1]]
        frame = pd.DataFrame(table, columns=[f"p_{name}" for name in names])
        frame = frame.assign(record=np.arange(len(truth)), subject=groups, label=names[truth])
        scores = score_table(frame, settings, multilabel=multilabel)
        for name, (low, high) in scores["interval"].items():
            held.append(low <= scores[name] <= high)
            assert -1 <= low <= high <= 1
    assert np.mean(held) >= 0.99
