from __future__ import annotations

from typing import get_args

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import confusion_matrix, f1_score, matthews_corrcoef

from fusionkit.errors import DataError
from fusionkit.evaluation.metrics import METRICS, decide, score_splits, score_table
from fusionkit.evaluation.settings import EvaluationSettings
from fusionkit.options import option_specs
from fusionkit.training.settings import Metric

FEW = EvaluationSettings(intervals=50)


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


def test_what_can_be_monitored_is_measured() -> None:
    assert set(get_args(Metric)) == {"loss", *METRICS}


def test_the_settings_are_options() -> None:
    specs = option_specs(EvaluationSettings, "evaluation")
    assert {name: spec.default for name, spec in specs.items()} == {
        "aggregate": "mean",
        "threshold": 0.5,
        "last_epochs": 0,
        "intervals": 1000,
        "confidence": 0.95,
    }


def visits() -> pd.DataFrame:
    """Two subjects of two records each, the first record with two windows."""
    rows = [("1", "a", 0.1), ("1", "a", 0.8), ("2", "a", 0.7), ("3", "b", 0.9), ("4", "b", 0.3)]
    return table(rows).assign(subject=["s", "s", "s", "t", "t"])


def test_every_level_has_its_figures() -> None:
    scores = score_table(visits(), FEW)
    assert (scores["windows"], scores["records"], scores["subjects"]) == (5, 4, 2)
    assert scores["accuracy"] == 2 / 4
    assert scores["levels"]["window"]["accuracy"] == 2 / 5
    assert scores["levels"]["window"]["confusion"] == [[1, 2], [1, 1]]
    # Means of the means of records: (0.45 + 0.7) / 2 and (0.9 + 0.3) / 2.
    assert scores["levels"]["subject"]["confusion"] == [[0, 1], [0, 1]]
    assert all(set(METRICS) <= set(level) and "levels" not in level for level in scores["levels"].values())
    assert "no_subject_level" not in scores


def test_records_are_made_as_the_settings_say() -> None:
    chosen = EvaluationSettings(aggregate="vote", intervals=0)
    frame = table([("1", "b", 0.6), ("1", "b", 0.6), ("1", "b", 0.0), ("2", "a", 0.4)])
    assert (score_table(frame)["accuracy"], score_table(frame, chosen)["accuracy"]) == (0.5, 1.0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"subject": ["s", "s", "t", "t", "t"]}, "1 of 2 subjects have records with different labels, for example t"),
        ({"subject": ["s", "s", "", "t", "t"]}, "no subjects are known"),
        ({"subject": [None, None, "s", "t", "t"]}, "no subjects are known"),
    ],
)
def test_why_there_is_no_figure_by_subject(change: dict[str, list[str]], words: str) -> None:
    frame = visits().assign(**change)
    scores = score_table(frame, FEW)
    assert scores["no_subject_level"] == words
    assert set(scores["levels"]) == {"window"}
    assert score_table(visits().drop(columns="subject"), FEW)["no_subject_level"] == "no subjects are known"


def many(subjects: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = table([(str(k), "ab"[k % 2], p) for k, p in enumerate(rng.random(3 * subjects))])
    return frame.assign(subject=[f"s{k // 3}" for k in range(len(frame))], fold="0", split="test")


def test_what_is_drawn_is_told() -> None:
    scores = score_table(many(9), FEW)
    assert scores["interval_unit"] == "subject"
    assert scores["interval_note"] == "only 9 subjects: too few for an interval to be relied on"
    assert "interval_note" not in score_table(many(10), FEW)
    assert score_table(many(10).drop(columns="subject"), FEW)["interval_unit"] == "record"
    alone = score_table(many(1), FEW)
    assert alone["interval"] == dict.fromkeys(METRICS)
    assert alone["interval_note"].startswith("only 1 subject:")
    assert "interval" not in score_table(many(10), EvaluationSettings(intervals=0))


def test_resamples_without_a_class_are_dropped_and_counted() -> None:
    frame = table([("1", "b", 0.9), ("2", "a", 0.2), ("3", "a", 0.4)])
    scores = score_table(frame, EvaluationSettings(intervals=1000))
    # Three draws miss the one record of b with the chance 8 / 27, and are nothing but it with 1 / 27.
    expected = 1000 * 9 / 27
    for name in ("roc_auc", "average_precision"):
        assert abs(scores["interval_undefined"][name] - expected) < 5 * np.sqrt(1000 * 1 / 3 * 2 / 3)
    assert set(scores["interval_undefined"]) == {"roc_auc", "average_precision"}
    assert scores["interval"]["roc_auc"] == [1.0, 1.0]
    one = score_table(table([("1", "b", 0.9), ("2", "b", 0.2)]), FEW)
    assert one["interval"]["roc_auc"] is None
    assert one["interval_undefined"] == {"roc_auc": 50, "average_precision": 50}


def test_the_order_of_the_rows_does_not_matter() -> None:
    frame = many(20)
    mixed = frame.sample(frac=1, random_state=np.random.default_rng(1))
    assert score_table(mixed, FEW) == score_table(frame, FEW)


def test_a_wider_confidence_is_a_wider_interval() -> None:
    inner = score_table(many(20), EvaluationSettings(confidence=0.5))["interval"]
    outer = score_table(many(20), EvaluationSettings(confidence=0.99))["interval"]
    assert all(outer[name][0] < inner[name][0] < inner[name][1] < outer[name][1] for name in METRICS)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -0.1, 1.1])
def test_what_is_no_probability_is_refused(wrong: float) -> None:
    with pytest.raises(DataError, match=r"record 2 has p_b = .*; expected 0 to 1"):
        score_table(pd.DataFrame({"record": ["1", "2"], "label": "a", "p_a": 0.5, "p_b": [0.5, wrong]}))


def test_several_labels_a_record() -> None:
    frame = pd.DataFrame({"record": list("1234"), "label": ["a", "a;b", "", "b"]})
    frame = frame.assign(p_a=[0.9, 0.8, 0.1, 0.6], p_b=[0.2, 0.4, 0.3, 0.7])
    scores = score_table(frame, FEW, multilabel=True)
    assert scores["multilabel"] is True
    assert scores["confusion"] == [[[1, 1], [0, 2]], [[2, 0], [1, 1]]]
    assert scores["accuracy"] == 2 / 4
    assert scores["balanced_accuracy"] == pytest.approx((0.75 + 0.75) / 2)
    assert scores["f1"] == {"a": pytest.approx(4 / 5), "b": pytest.approx(2 / 3)}
    assert scores["roc_auc"] == 1.0
    # A class without a single example has no area, and of balanced accuracy only the specificity.
    none = score_table(frame.assign(label=["a", "a", "", ""]), FEW, multilabel=True)
    assert (none["roc_auc"], none["balanced_accuracy"]) == (None, pytest.approx((0.75 + 0.75) / 2))
    with pytest.raises(DataError, match="label 'c'"):
        score_table(frame.assign(label="a;c"), FEW, multilabel=True)


def test_the_intervals_of_parts_and_folds() -> None:
    frame = many(20)
    frame.loc[frame.index[:30], "split"] = "train"
    scores = score_splits(frame, FEW)
    assert "interval" not in scores["train"]
    assert "interval" in scores["test"]
    assert "interval" in scores["test"]["levels"]["window"]
    folds = score_splits(pd.concat([frame, frame.assign(fold="1")]), FEW)["test"]
    assert "interval" not in folds
    assert "interval" not in folds["folds"]["0"]
    assert folds["pooled"]["interval_unit"] == "subject"
    assert folds["levels"]["window"]["accuracy"] == folds["folds"]["0"]["levels"]["window"]["accuracy"]
    assert folds["levels"]["window"]["sd"]["accuracy"] == 0
    assert (folds["records"], folds["subjects"]) == (30, 10)
    assert "have records with different labels" in folds["no_subject_level"]
    assert "have records with different labels" in folds["pooled"]["no_subject_level"]
    # The same subjects in both folds are no further subjects.
    assert folds["pooled"]["subjects"] == 10


def test_label_sets_over_folds() -> None:
    frame = pd.DataFrame({"fold": ["0", "0", "1", "1"], "split": "test", "record": list("1234")})
    frame = frame.assign(label=["a", "a;b", "", "b"], p_a=0.9, p_b=[0.2, 0.9, 0.3, 0.7])
    scores = score_splits(frame, FEW, multilabel=True)["test"]
    assert scores["confusion"] == scores["pooled"]["confusion"] == [[[0, 2], [0, 2]], [[2, 0], [0, 2]]]
    assert scores["accuracy"] == 0.5


@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.549])
def test_the_threshold_decides_between_two_classes(threshold: float) -> None:
    rng = np.random.default_rng(8)
    chances = np.append(rng.uniform(size=40), [threshold, 0.5])
    labels = np.where(rng.uniform(size=42) < chances, "b", "a")
    frame = table([(str(number), label, p) for number, (label, p) in enumerate(zip(labels, chances, strict=True))])
    settings = EvaluationSettings(intervals=50, threshold=threshold)
    scores, half = score_table(frame, settings), score_table(frame, FEW)
    truth, decided = labels == "b", chances >= threshold
    assert scores["confusion"] == confusion_matrix(truth, decided).tolist()
    assert scores["mcc"] == pytest.approx(matthews_corrcoef(truth, decided), abs=1e-12)
    assert scores["f1"]["b"] == pytest.approx(f1_score(truth, decided), abs=1e-12)
    assert scores["levels"]["window"]["accuracy"] == scores["accuracy"] == pytest.approx((truth == decided).mean())
    low, high = scores["interval"]["accuracy"]
    assert low <= scores["accuracy"] <= high
    assert (scores["interval"]["accuracy"] == half["interval"]["accuracy"]) == (threshold == 0.5)
    assert scores["roc_auc"] == half["roc_auc"]


def test_votes_are_counted_after_the_threshold() -> None:
    rows = [("1", "b", 0.3), ("1", "b", 0.3), ("1", "b", 0.1), ("2", "a", 0.3), ("2", "a", 0.1), ("2", "a", 0.1)]
    frame = table(rows).assign(subject=["x"] * 3 + ["y"] * 3)
    settings = EvaluationSettings(aggregate="vote", threshold=0.25, intervals=0)
    scores = score_table(frame, settings)
    # Two of three windows say b of record 1, and one of three of record 2.
    assert scores["confusion"] == scores["levels"]["subject"]["confusion"] == [[1, 0], [0, 1]]
    assert scores["levels"]["window"]["confusion"] == [[2, 1], [1, 2]]


def test_several_classes_know_no_threshold() -> None:
    settings = EvaluationSettings(threshold=0.9, intervals=0)
    frame = pd.DataFrame({"record": ["1", "2"], "label": ["a", "c"], "p_a": [0.5, 0.2], "p_b": [0.3, 0.3]})
    assert score_table(frame.assign(p_c=[0.2, 0.5]), settings)["accuracy"] == 1
    several = pd.DataFrame({"record": ["1", "2"], "label": ["a", "b"], "p_a": [0.6, 0.2], "p_b": [0.3, 0.6]})
    assert score_table(several, settings, multilabel=True)["accuracy"] == 1
