from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from sklearn.preprocessing import label_binarize

from fusionkit.data.audit.confounds import confounds, floors
from fusionkit.data.audit.factor_model import FactorModel
from fusionkit.data.audit.factor_scores import mean_auc, modified_accuracy
from fusionkit.datasets.physionet2016 import physionet2016


def table(labels, **columns):
    count = len(labels)
    facts = {"id": [f"r{number}" for number in range(count)], "label": labels, "start": 0.0, "stop": 6.0}
    return pd.DataFrame(facts | columns)


@pytest.mark.parametrize("classes", [2, 4])
def test_scores_agree_with_scikit_learn(classes):
    rng = np.random.default_rng(classes)
    truth = rng.integers(classes, size=300)
    scores = rng.integers(1, 6, (300, classes)) + 0.5 * np.eye(classes)[truth]
    scores /= scores.sum(axis=1, keepdims=True)
    members = np.eye(classes, dtype=bool)[truth]
    kinds = label_binarize(truth, classes=range(classes)) if classes > 2 else members
    assert mean_auc(scores, members) == pytest.approx(roc_auc_score(kinds, scores, average="macro"))
    expected = balanced_accuracy_score(truth, scores.argmax(axis=1))
    assert modified_accuracy(scores, members, multilabel=False) == pytest.approx(expected)


def test_scores_with_several_labels_agree_with_scikit_learn():
    rng = np.random.default_rng(5)
    members = rng.random((200, 3)) < (0.2, 0.5, 0.7)
    scores = 1 + 0.3 * rng.normal(size=(200, 3)) + 0.3 * (members - 0.5)
    each = [balanced_accuracy_score(members[:, place], scores[:, place] > 1) for place in range(3)]
    assert modified_accuracy(scores, members, multilabel=True) == pytest.approx(np.mean(each))
    assert mean_auc(scores, members) == pytest.approx(roc_auc_score(members, scores, average="macro"))


def test_a_class_that_is_absent_does_not_count():
    members = np.array([[True, False, False], [False, True, False], [False, True, False]])
    scores = np.array([[2.0, 1.0, 0.0], [0.5, 1.0, 0.0], [3.0, 1.0, 0.0]])
    assert mean_auc(scores, members) == pytest.approx((0.5 + 0.5) / 2)
    assert modified_accuracy(scores, members, multilabel=False) == pytest.approx((1 + 0.5) / 2)
    assert np.isnan(mean_auc(scores[1:], members[1:]))


def test_the_model_is_a_table_of_frequencies():
    members = np.array([[1, 0]] * 3 + [[0, 1]] * 5, dtype=bool)
    model = FactorModel.fit(pd.Series(list("pppqqqqp")), members)
    share = np.array([3 / 8, 5 / 8])
    expected = [np.add((3, 1), share) / 5 / share, np.add((0, 4), share) / 5 / share, (1, 1)]
    np.testing.assert_allclose(model.score(pd.Series(["p", "q", "never seen"])), expected)


def test_numbers_are_cut_at_their_quantiles():
    rng = np.random.default_rng(0)
    values = pd.Series(rng.normal(size=1000))
    model = FactorModel.fit(values, rng.random((1000, 2)) < 0.5)
    np.testing.assert_allclose(model.edges, np.percentile(values, range(10, 100, 10)))
    assert model.sizes.tolist() == [100] * 10
    few = FactorModel.fit(pd.Series([1.0, 2.0, 4.0, np.nan, np.inf] * 3), np.ones((15, 1), dtype=bool))
    assert few.edges.tolist() == [2.0], "a bin has at least 20 recordings, or there are two"
    assert sorted(few.sizes) == [3, 6, 6]
    kinds = FactorModel.fit(pd.Series([1.0, 2.0, 4.0] * 20), np.ones((60, 1), dtype=bool))
    assert kinds.edges.tolist() == [1.5, 3.0]


@pytest.mark.parametrize("factor", ["database", "level", "sample_rate", "duration"])
def test_a_planted_confound_is_found_and_the_others_are_not(factor):
    rng = np.random.default_rng(1)
    truth = rng.integers(2, size=600)
    told = np.where(rng.random(600) < 0.9, truth, 1 - truth)
    columns = {
        "database": rng.choice(["p", "q", "r"], 600),
        "level": rng.normal(size=600),
        "sample_rate": rng.choice([1000.0, 2000.0], 600),
        "stop": rng.uniform(5, 20, 600),
    }
    planted = {
        "database": np.where(told, "p", "q"),
        "level": rng.normal(size=600) + 20 * told,
        "sample_rate": np.where(told, 1000.0, 2000.0),
        "duration": rng.uniform(5, 8, 600) + 4 * told,
    }[factor]
    columns["stop" if factor == "duration" else factor] = planted
    found = confounds(table(np.where(truth, "x", "y"), **columns), ("x", "y")).set_index("factor")
    expected = balanced_accuracy_score(truth, told)
    assert found["modified_accuracy"][factor] == pytest.approx(expected, abs=0.02)
    assert found["auc"][factor] > 0.85
    rest = found.drop(factor)
    assert rest["auc"].between(0.4, 0.6).all()
    assert (rest["in_sample_auc"] >= 0.5).all()


def test_a_factor_that_tells_subjects_apart_but_not_labels_is_no_confound_across_subjects():
    rng = np.random.default_rng(2)
    people = np.repeat(np.arange(40), 10)
    truth = np.repeat(rng.permutation(np.arange(40) % 2), 10)
    known = table(np.where(truth, "x", "y"), database=[f"d{person}" for person in people])
    alone = confounds(known, ("x", "y")).set_index("factor").loc["database"]
    grouped = confounds(known.assign(subject=people.astype(str)), ("x", "y")).set_index("factor").loc["database"]
    assert alone["auc"] > 0.99
    assert grouped["auc"] == pytest.approx(0.5)
    assert grouped["in_sample_auc"] > 0.99


def test_a_constant_factor_is_named_as_such():
    found = confounds(table(["x", "y"] * 10, sample_rate=360.0), ("x", "y")).set_index("factor")
    assert found["detail"].to_dict() == {"sample_rate": "constant: 360.0", "duration": "constant: 6.0"}
    assert found["auc"].isna().all()


def test_one_subject_leaves_nothing_to_validate_on():
    found = confounds(table(["x", "y"] * 10, subject="one", database=["p", "q"] * 10), ("x", "y")).set_index("factor")
    assert found["in_sample_auc"]["database"] == 1
    assert found["auc"]["database"] == 0.5


def test_the_seed_decides_and_repeats():
    rng = np.random.default_rng(3)
    known = table(rng.choice(["x", "y"], 100), level=rng.normal(size=100))
    pd.testing.assert_frame_equal(confounds(known, ("x", "y"), seed=4), confounds(known, ("x", "y"), seed=4))
    assert confounds(known, ("x", "y"), seed=4)["auc"][0] != confounds(known, ("x", "y"), seed=5)["auc"][0]


def test_several_labels_are_predicted_one_by_one():
    labels = ["x", "x;y", "y", "x;y"] * 25
    known = table(labels, database=["p", "q", "r", "q"] * 25)
    found = confounds(known, ("x", "y"), multilabel=True).set_index("factor")
    assert found["auc"]["database"] == 1
    assert 0.7 < found["modified_accuracy"]["database"] <= 1


def test_the_floor_is_learned_on_the_training_part_and_scored_on_the_test_part():
    known = table(list("xxxy" + "yyyx" + "xyxy"), database=list("pppp" + "qqqq" + "pqqp"))
    split = pd.DataFrame({"fold": "0", "record": known["id"], "split": ["train"] * 8 + ["test"] * 4})
    found = floors(known, split, ("x", "y")).set_index("factor")
    # p is said to be x: the first of the test is right, p at the end is wrong, q is y once and x once.
    assert found["modified_accuracy"]["database"] == pytest.approx(0.5 * (1 / 2 + 1 / 2))
    assert found["auc"]["database"] == pytest.approx(0.5)
    assert floors(known, split.assign(split="train"), ("x", "y")).empty


@pytest.mark.data
def test_what_the_database_alone_tells_in_physionet2016(real_data):
    root: Path = real_data("physionet2016")
    known = physionet2016(root).assign(start=0.0, stop=6.0)
    classes = ("abnormal", "normal")

    def database(part):
        return confounds(part, classes).set_index("factor").loc["database"]

    clean = database(known[known["quality"] == "clean"])
    assert clean["in_sample_modified_accuracy"] == pytest.approx(0.75, abs=0.01)
    assert clean["in_sample_auc"] == pytest.approx(0.80, abs=0.005)
    # The validation list is balanced within every database, the training part is not.
    assert database(known[known["split"] == "test"])["in_sample_auc"] == pytest.approx(0.50, abs=0.005)
    assert database(known[known["split"] == "train"])["in_sample_auc"] == pytest.approx(0.82, abs=0.005)

    # Sensitivity and specificity of "abnormal where the database has more of them than all together", by hand.
    counts = pd.crosstab(known["database"], known["label"])
    more = counts["abnormal"] / counts.sum(axis=1) > (known["label"] == "abnormal").mean()
    sensitivity = counts["abnormal"][more].sum() / counts["abnormal"].sum()
    specificity = counts["normal"][~more].sum() / counts["normal"].sum()
    everything = database(known)
    assert everything["in_sample_modified_accuracy"] == pytest.approx((sensitivity + specificity) / 2)

    split = known.rename(columns={"id": "record"})[["record", "split"]].assign(fold="0")
    floor = floors(known, split, classes).set_index("factor").loc["database"]
    assert floor["auc"] == pytest.approx(0.50, abs=0.005)
