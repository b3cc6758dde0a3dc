"""The metrics against scikit-learn, and against confusion matrices whose figures were published."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn import metrics as sk

from fusionkit.evaluation import metrics

TOLERANCE = 1e-12


def sample(classes: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    truth = np.concatenate([np.arange(classes), rng.choice(classes, size=97, p=rng.dirichlet(np.ones(classes) * 3))])
    scores = rng.normal(size=(len(truth), classes)) + 1.2 * np.eye(classes)[truth]
    # Rounding gives ties among the probabilities.
    table = np.round(np.exp(scores) / np.exp(scores).sum(1, keepdims=True), 2)
    if classes == 2:
        table[:, 0] = 1 - table[:, 1]
    return truth, table


def decided(table: NDArray[np.float64]) -> NDArray[np.int64]:
    return (table[:, 1] >= 0.5).astype(int) if table.shape[1] == 2 else table.argmax(axis=1)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("classes", [2, 3, 5])
def test_against_scikit_learn(classes: int, seed: int) -> None:
    truth, table = sample(classes, seed)
    found = {name: metric(truth, table) for name, metric in metrics.METRICS.items()}
    guess = decided(table)
    hot = np.eye(classes)[truth]
    scores = (truth, table[:, 1]) if classes == 2 else (hot, table)
    expected = {
        "accuracy": sk.accuracy_score(truth, guess),
        "balanced_accuracy": sk.balanced_accuracy_score(truth, guess),
        "f1_macro": sk.f1_score(truth, guess, average="macro", labels=range(classes), zero_division=0),
        "roc_auc": sk.roc_auc_score(*scores, average="macro"),
        "average_precision": sk.average_precision_score(*scores, average="macro"),
        "mcc": sk.matthews_corrcoef(truth, guess),
    }
    assert found == pytest.approx(expected, abs=TOLERANCE, rel=0)
    by_class = sk.f1_score(truth, guess, average=None, labels=range(classes), zero_division=0)
    np.testing.assert_allclose(metrics.f1_by_class(truth, table), by_class, rtol=0, atol=TOLERANCE)


def from_counts(tp: int, fn: int, fp: int, tn: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    truth = np.repeat([1, 1, 0, 0], [tp, fn, fp, tn])
    positive = np.repeat([0.9, 0.1, 0.9, 0.1], [tp, fn, fp, tn])
    return truth, np.column_stack([1 - positive, positive])


# Siddiqui and Saha, AudioFuse, Table 2 (PASCAL, 53 normal and 35 abnormal recordings).
AUDIOFUSE = [
    ((9, 26, 11, 42), 0.5795, 0.3273, 0.0579),
    ((17, 18, 10, 43), 0.6818, 0.5484, 0.3152),
    ((23, 12, 11, 42), 0.7386, 0.6667, 0.4519),
]


@pytest.mark.parametrize(("counts", "accuracy", "f1", "mcc"), AUDIOFUSE)
def test_published_confusion_matrices(
    counts: tuple[int, int, int, int], accuracy: float, f1: float, mcc: float
) -> None:
    truth, table = from_counts(*counts)
    assert round(metrics.accuracy(truth, table), 4) == accuracy
    assert round(metrics.f1_by_class(truth, table)[1], 4) == f1
    assert round(metrics.mcc(truth, table), 4) == mcc


@pytest.mark.parametrize("counts", [counts for counts, *_ in AUDIOFUSE])
def test_the_table_gives_the_same_matrix(counts: tuple[int, int, int, int]) -> None:
    truth, table = from_counts(*counts)
    names = np.array(["normal", "abnormal"])
    predictions = pd.DataFrame({"record": np.arange(len(truth)).astype(str), "label": names[truth]})
    predictions["p_normal"], predictions["p_abnormal"] = table.T
    tp, fn, fp, tn = counts
    assert metrics.score_table(predictions)["confusion"] == [[tn, fp], [fn, tp]]
