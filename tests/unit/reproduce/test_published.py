from __future__ import annotations

import numpy as np
import pytest

from fusionkit.evaluation.metrics import METRICS
from fusionkit.reproduce.published import (
    AUDIOFUSE_ERRATA,
    AUDIOFUSE_TABLE1,
    AUDIOFUSE_TABLE2,
    VINDAS_TABLE2,
    VINDAS_TABLE3,
    VINDAS_TABLE4,
)

# What the authors' log prints for AudioFuse, and what the published figures leave as the only possibility for the rest.
MATRICES = {"audiofuse-vit": (9, 26, 11, 42), "audiofuse-cnn1d": (17, 18, 10, 43), "audiofuse": (23, 12, 11, 42)}


@pytest.mark.parametrize("model", MATRICES)
def test_the_metric_code_gives_the_published_rows_from_the_confusion_matrices(model: str) -> None:
    tp, fn, fp, tn = MATRICES[model]
    assert (tp + fn, fp + tn) == (35, 53)
    truth = np.repeat([1, 1, 0, 0], (tp, fn, fp, tn))
    decided = np.repeat([0.9, 0.1, 0.9, 0.1], (tp, fn, fp, tn))
    chances = np.column_stack([1 - decided, decided])
    published = AUDIOFUSE_TABLE2[model]
    assert METRICS["accuracy"](truth, chances) == pytest.approx(published["accuracy"][0], abs=5.1e-5)
    assert METRICS["mcc"](truth, chances) == pytest.approx(published["MCC"][0], abs=1.1e-4)
    assert 2 * tp / (2 * tp + fp + fn) == pytest.approx(published["F1 abnormal"][0], abs=5.1e-5)


@pytest.mark.parametrize("setting", VINDAS_TABLE4)
def test_the_published_attention_of_a_class_sums_to_one(setting: str) -> None:
    for row in VINDAS_TABLE4[setting].values():
        assert sum(value for value, _ in row.values()) == pytest.approx(1)


@pytest.mark.parametrize("setting", VINDAS_TABLE2)
def test_the_hybrid_stands_in_both_tables_alike(setting: str) -> None:
    assert VINDAS_TABLE2[setting]["vindas-hybrid"] == VINDAS_TABLE3[setting]["vindas-hybrid"]


def test_the_erratum_is_a_figure_that_stands_twice_and_cannot_belong_to_its_accuracy() -> None:
    ((row, column),) = AUDIOFUSE_ERRATA
    assert AUDIOFUSE_TABLE1[row][column] == AUDIOFUSE_TABLE1["audiofuse-resnet18"][column]
    # 151 abnormal and 150 normal recordings; every confusion matrix with the published accuracy and F1.
    right = round(AUDIOFUSE_TABLE1[row]["accuracy"][0] * 301)
    found = []
    for tp in range(152):
        tn = right - tp
        fn, fp = 151 - tp, 150 - tn
        if 0 <= tn <= 150 and abs(2 * tp / (2 * tp + fp + fn) - AUDIOFUSE_TABLE1[row]["F1 abnormal"][0]) < 0.02:
            found.append((tp * tn - fp * fn) / np.sqrt(float((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))))
    assert found
    assert max(found) < 0.31
    others = [figures for name, figures in AUDIOFUSE_TABLE1.items() if name != row]
    assert all(figures["MCC"][0] - (2 * figures["accuracy"][0] - 1) < 0.05 for figures in others)
