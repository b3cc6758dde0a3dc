"""The metrics against scikit-learn, and against confusion matrices whose figures were published."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn import metrics as sk

from fusionkit.evaluation.cases import Cases
from fusionkit.evaluation.metrics import METRICS, score_table
from fusionkit.evaluation.settings import EvaluationSettings
from fusionkit.evaluation.weighted_metrics import weighted_metrics

TOLERANCE = 1e-12
NO_INTERVALS = EvaluationSettings(intervals=0)


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


def expected(
    truth: NDArray[np.int64], table: NDArray[np.float64], weights: NDArray[np.float64] | None = None
) -> dict[str, float]:
    classes = table.shape[1]
    guess = decided(table)
    hot = np.eye(classes)[truth]
    scores = (truth, table[:, 1]) if classes == 2 else (hot, table)
    given: dict[str, Any] = {"sample_weight": weights}
    return {
        "accuracy": sk.accuracy_score(truth, guess, **given),
        "balanced_accuracy": sk.balanced_accuracy_score(truth, guess, **given),
        "f1_macro": sk.f1_score(truth, guess, average="macro", labels=range(classes), zero_division=0, **given),
        "roc_auc": sk.roc_auc_score(*scores, average="macro", **given),
        "average_precision": sk.average_precision_score(*scores, average="macro", **given),
        "mcc": sk.matthews_corrcoef(truth, guess, **given),
    }


def expected_of_sets(
    truth: NDArray[np.bool_], table: NDArray[np.float64], weights: NDArray[np.float64] | None = None
) -> dict[str, float]:
    guess = table >= 0.5
    columns = range(table.shape[1])
    given: dict[str, Any] = {"sample_weight": weights}
    return {
        "accuracy": sk.accuracy_score(truth, guess, **given),
        "balanced_accuracy": np.mean([sk.balanced_accuracy_score(truth[:, k], guess[:, k], **given) for k in columns]),
        "f1_macro": sk.f1_score(truth, guess, average="macro", zero_division=0, **given),
        "roc_auc": sk.roc_auc_score(truth, table, average="macro", **given),
        "average_precision": sk.average_precision_score(truth, table, average="macro", **given),
        "mcc": np.mean([sk.matthews_corrcoef(truth[:, k], guess[:, k], **given) for k in columns]),
    }


def sample_of_sets(classes: int, seed: int) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    truth = rng.random((120, classes)) < rng.uniform(0.2, 0.6, size=classes)
    return truth, np.round(1 / (1 + np.exp(-rng.normal(size=truth.shape) - truth + 0.5)), 2)


def unweighted(truth: Any, table: NDArray[np.float64]) -> dict[str, float]:
    return {name: metric(truth, table) for name, metric in METRICS.items()}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("classes", [2, 3, 5])
def test_against_scikit_learn(classes: int, seed: int) -> None:
    truth, table = sample(classes, seed)
    assert unweighted(truth, table) == pytest.approx(expected(truth, table), abs=TOLERANCE, rel=0)
    names = [f"c{number}" for number in range(classes)]
    predictions = pd.DataFrame(table, columns=[f"p_{name}" for name in names])
    scores = score_table(predictions.assign(record=np.arange(len(truth)), label=np.array(names)[truth]), NO_INTERVALS)
    by_class = sk.f1_score(truth, decided(table), average=None, labels=range(classes), zero_division=0)
    np.testing.assert_allclose([scores["f1"][name] for name in names], by_class, rtol=0, atol=TOLERANCE)
    assert scores["confusion"] == sk.confusion_matrix(truth, decided(table)).tolist()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("classes", [2, 3, 5])
def test_label_sets_against_scikit_learn(classes: int, seed: int) -> None:
    truth, table = sample_of_sets(classes, seed)
    assert unweighted(truth, table) == pytest.approx(expected_of_sets(truth, table), abs=TOLERANCE, rel=0)
    names = [f"c{number}" for number in range(classes)]
    predictions = pd.DataFrame(table, columns=[f"p_{name}" for name in names])
    predictions["label"] = [";".join(name for name, has in zip(names, row, strict=True) if has) for row in truth]
    scores = score_table(predictions.assign(record=np.arange(len(truth))), NO_INTERVALS, multilabel=True)
    assert scores["confusion"] == sk.multilabel_confusion_matrix(truth, table >= 0.5).tolist()
    by_class = sk.f1_score(truth, table >= 0.5, average=None, zero_division=0)
    np.testing.assert_allclose([scores["f1"][name] for name in names], by_class, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["2", "3", "5", "sets of 2", "sets of 4"])
def test_weights_against_scikit_learn(kind: str, seed: int) -> None:
    multilabel, classes = kind.startswith("sets"), int(kind[-1])
    truth, table = sample_of_sets(classes, seed) if multilabel else sample(classes, seed)
    rng = np.random.default_rng(seed)
    weights = rng.uniform(0.1, 3, size=(4, 30))
    weights[1:, 5:9] = 0
    weights[3] = rng.integers(1, 4, size=30)
    groups = np.arange(len(truth)) % 30
    found = weighted_metrics(Cases(truth, table, groups), weights)
    reference = expected_of_sets if multilabel else expected
    for number, row in enumerate(weights):
        figures = {name: values[number] for name, values in found.items()}
        assert figures == pytest.approx(reference(truth, table, row[groups]), abs=TOLERANCE, rel=0)
    # A weight of 3 is three copies.
    copies = np.repeat(np.arange(len(truth)), weights[3][groups].astype(int))
    copied = {name: values[3] for name, values in found.items()}
    assert copied == pytest.approx(reference(truth[copies], table[copies]), abs=TOLERANCE, rel=0)


def from_counts(tp: int, fn: int, fp: int, tn: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    truth = np.repeat([1, 1, 0, 0], [tp, fn, fp, tn])
    positive = np.repeat([0.9, 0.1, 0.9, 0.1], [tp, fn, fp, tn])
    return truth, np.column_stack([1 - positive, positive])


def scored(truth: NDArray[np.int64], table: NDArray[np.float64]) -> dict[str, Any]:
    names = np.array(["normal", "abnormal"])
    predictions = pd.DataFrame({"record": np.arange(len(truth)).astype(str), "label": names[truth]})
    predictions["p_normal"], predictions["p_abnormal"] = table.T
    return score_table(predictions, NO_INTERVALS)


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
    assert round(METRICS["accuracy"](truth, table), 4) == accuracy
    assert round(scored(truth, table)["f1"]["abnormal"], 4) == f1
    assert round(METRICS["mcc"](truth, table), 4) == mcc


@pytest.mark.parametrize("counts", [counts for counts, *_ in AUDIOFUSE])
def test_the_table_gives_the_same_matrix(counts: tuple[int, int, int, int]) -> None:
    truth, table = from_counts(*counts)
    tp, fn, fp, tn = counts
    assert scored(truth, table)["confusion"] == [[tn, fp], [fn, tp]]
