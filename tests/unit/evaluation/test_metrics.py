from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fusionkit.evaluation.metrics import METRICS, decide, score_splits, score_table


def table(rows: list[tuple[str, str, float]], **columns: str) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["record", "label", "p_b"]).assign(**columns)
    frame.insert(2, "p_a", 1 - frame["p_b"])
    return frame


def test_half_is_the_second_class() -> None:
    assert decide(np.array([[0.5, 0.5], [0.51, 0.49], [0.49, 0.51]])).tolist() == [1, 0, 1]
    assert decide(np.array([[0.2, 0.4, 0.4], [0.4, 0.3, 0.3]])).tolist() == [1, 0]


def test_the_windows_of_a_record_are_averaged() -> None:
    scores = score_table(table([("1", "b", 0.9), ("1", "b", 0.0), ("1", "b", 0.8), ("2", "a", 0.4), ("2", "a", 0.2)]))
    assert (scores["records"], scores["windows"]) == (2, 5)
    assert scores["confusion"] == [[1, 0], [0, 1]]
    assert scores["classes"] == ["a", "b"]
    assert scores["f1"] == {"a": 1.0, "b": 1.0}
    assert all(scores[name] == pytest.approx(1) for name in METRICS)


@pytest.mark.parametrize(("chance", "right"), [(0.9, 1.0), (0.1, 0.0)])
def test_a_part_of_one_class_has_no_area(chance: float, right: float) -> None:
    scores = score_table(table([("1", "b", chance), ("2", "b", chance)]))
    assert scores["roc_auc"] is None
    assert scores["average_precision"] is None
    assert (scores["accuracy"], scores["balanced_accuracy"], scores["mcc"]) == (right, right, 0.0)
    assert scores["f1_macro"] == right / 2


def test_one_decision_for_all() -> None:
    scores = score_table(table([("1", "b", 0.9), ("2", "a", 0.9)]))
    assert (scores["mcc"], scores["balanced_accuracy"], scores["roc_auc"]) == (0, 0.5, 0.5)


def test_a_class_that_does_not_occur() -> None:
    rows = {"record": ["1", "2"], "label": ["a", "c"], "p_a": [0.8, 0.1], "p_b": [0.1, 0.2], "p_c": [0.1, 0.7]}
    scores = score_table(pd.DataFrame(rows))
    assert scores["confusion"] == [[1, 0, 0], [0, 0, 0], [0, 0, 1]]
    assert scores["f1"] == {"a": 1.0, "b": 0.0, "c": 1.0}
    assert (scores["f1_macro"], scores["balanced_accuracy"], scores["roc_auc"]) == (pytest.approx(2 / 3), 1.0, None)


def test_parts_and_folds() -> None:
    frame = pd.concat(
        [
            table([("1", "a", 0.1), ("2", "b", 0.9)], fold="x", split="test"),
            table([("3", "a", 0.9), ("4", "b", 0.1)], fold="y", split="test"),
            table([("1", "a", 0.1), ("2", "b", 0.9)], fold="y", split="train"),
            table([("3", "a", 0.2), ("4", "b", 0.9)], fold="x", split="train"),
        ]
    )
    scores = score_splits(frame)
    assert list(scores) == ["train", "test"]
    assert (scores["train"]["accuracy"], scores["test"]["accuracy"]) == (1.0, 0.5)
    assert scores["test"]["sd"]["accuracy"] == pytest.approx(np.std([1, 0], ddof=1))
    assert scores["test"]["pooled"]["accuracy"] == 0.5
    assert (scores["train"]["records"], scores["test"]["records"]) == (4, 4)
    assert scores["test"]["confusion"] == [[1, 1], [1, 1]]
    assert {fold: part["accuracy"] for fold, part in scores["test"]["folds"].items()} == {"x": 1.0, "y": 0.0}
    assert set(scores["train"]["folds"]) == {"x", "y"}
    assert "pooled" not in scores["train"]
    assert "folds" not in score_splits(frame[frame["fold"] == "x"])["test"]
