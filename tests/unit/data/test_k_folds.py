import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import StratifiedGroupKFold

from fusionkit.data.k_folds import k_folds
from fusionkit.data.split_settings import SplitSettings
from fusionkit.data.splits import make_folds
from fusionkit.errors import DataError


def by_subject(per_class, records_each=3):
    subjects = [f"{label}{n}" for label, count in per_class.items() for n in range(count) for _ in range(records_each)]
    ids = [f"r{number}" for number in range(len(subjects))]
    return pd.DataFrame({"id": ids, "label": [subject[0] for subject in subjects], "subject": subjects})


def spread(counts, chosen, folds):
    """Root mean square distance of the folds' shares of the classes from equal shares."""
    shares = np.stack([counts[chosen == fold].sum(axis=0) for fold in range(folds)]) / counts.sum(axis=0)
    return np.sqrt(np.mean((shares - 1 / folds) ** 2))


def random_counts(kind, rng):
    groups, classes = rng.integers(20, 70), rng.integers(2, 5)
    if kind == "one class a group":
        counts = np.zeros((groups, classes))
        counts[np.arange(groups), np.arange(groups) % classes] = rng.integers(1, 30, groups)
        return counts
    return rng.poisson(rng.gamma(0.5, 8, (groups, classes))) + (rng.random((groups, classes)) < 0.3)


@pytest.mark.parametrize("kind", ["one class a group", "mixed groups"])
def test_folds_are_stratified_as_well_as_by_scikit_learn(kind):
    ours, theirs = [], []
    for seed in range(25):
        rng = np.random.default_rng(seed)
        counts = random_counts(kind, rng).astype(int)
        counts = counts[counts.sum(axis=1) > 0]
        folds = int(rng.integers(2, 7))
        classes = np.concatenate([np.repeat(np.arange(counts.shape[1]), row) for row in counts])
        groups = np.repeat(np.arange(len(counts)), counts.sum(axis=1))
        reference = np.zeros(len(counts), dtype=int)
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
        for fold, (_, tested) in enumerate(splitter.split(classes, classes, groups)):
            reference[groups[tested]] = fold
        theirs.append(spread(counts, reference, folds))
        ours.append(spread(counts, k_folds(counts.astype(float), folds, rng), folds))
    # In the mean worse by 2 % of its figure at most; in a single draw by 1 % of a class.
    assert np.mean(ours) <= 1.02 * np.mean(theirs)
    assert np.max(np.subtract(ours, theirs)) <= 0.01


def test_groups_of_one_member_give_folds_that_differ_by_one_at_most():
    counts = np.zeros((103, 2))
    counts[:70, 0] = counts[70:, 1] = 1
    dealt = np.stack([counts[k_folds(counts, 5, np.random.default_rng(0)) == fold].sum(axis=0) for fold in range(5)])
    assert (dealt.max(axis=0) - dealt.min(axis=0) <= 1).all()
    assert np.ptp(dealt.sum(axis=1)) <= 1


def test_repeats_are_drawn_anew_even_where_all_groups_differ_in_size():
    counts = np.array([[size, 40 - size] for size in range(5, 35)], dtype=float)
    first, second = (k_folds(counts, 5, np.random.default_rng(seed)) for seed in (0, 1))
    pairs = [np.equal.outer(chosen, chosen) for chosen in (first, second)]
    assert (pairs[0] != pairs[1]).any()


@pytest.mark.parametrize(
    ("repeats", "names"), [(1, ["0", "1", "2"]), (2, ["r0f0", "r0f1", "r0f2", "r1f0", "r1f1", "r1f2"])]
)
def test_every_recording_is_tested_once_a_repeat(repeats, names):
    frame = by_subject({"a": 12, "b": 6})
    folds = make_folds(frame, SplitSettings(split="k-fold", folds=3, repeats=repeats), 0)
    assert folds["fold"].unique().tolist() == names
    assert (folds.groupby("fold").size() == len(frame)).all()
    assert (folds[folds["split"] == "test"].groupby("record").size() == repeats).all()
    joined = folds.merge(frame, left_on="record", right_on="id")
    assert (joined.groupby(["fold", "subject"])["split"].nunique() == 1).all()
    tested = joined[joined["split"] == "test"].groupby(["fold", "label"]).size()
    assert tested.unstack().to_numpy().tolist() == [[12, 6]] * 3 * repeats


def test_five_folds_need_five_subjects_of_every_class():
    with pytest.raises(DataError, match="split 'k-fold': class 'b' has 4 subjects; 5 folds need at least 5"):
        make_folds(by_subject({"a": 9, "b": 4}), SplitSettings(split="k-fold"), 0)


def test_segments_of_too_few_files_are_counted_by_file():
    frame = by_subject({"a": 9, "b": 9}).drop(columns="subject").assign(path=["x", "y", "z"] * 18)
    with pytest.raises(DataError, match="'a' has 3 recordings, since what shares a file or its content counts once; 5"):
        make_folds(frame, SplitSettings(split="k-fold"), 0)
