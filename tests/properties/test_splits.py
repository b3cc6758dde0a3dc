import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from fusionkit.data.split_settings import SplitSettings
from fusionkit.data.splits import make_folds

subjects = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 6)), min_size=0, max_size=30)
fractions = st.floats(0.05, 0.6)


def table(extra):
    """Three subjects of each of three classes at least, so that a split is possible."""
    members = [(number % 3, 1 + number % 2) for number in range(9)] + extra
    rows = [(f"s{index}", "abc"[label]) for index, (label, size) in enumerate(members) for _ in range(size)]
    frame = pd.DataFrame(rows, columns=["subject", "label"])
    return frame.assign(id=[f"r{index}" for index in range(len(frame))])


@settings(max_examples=60, deadline=None)
@given(extra=subjects, test=fractions, validation=fractions, seed=st.integers(0, 2**31))
def test_a_split_is_a_partition_by_subject_with_every_class_in_every_part(extra, test, validation, seed):
    frame = table(extra)
    folds = make_folds(frame, SplitSettings(test_fraction=test, validation_fraction=validation), seed)
    joined = folds.merge(frame, left_on="record", right_on="id")
    assert sorted(joined["id"]) == sorted(frame["id"])
    assert (joined.groupby("subject")["split"].nunique() == 1).all()
    assert (pd.crosstab(joined["split"], joined["label"]) > 0).to_numpy().all()
    assert pd.crosstab(joined["split"], joined["label"]).shape == (3, 3)


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(10, 60), min_size=2, max_size=4), fraction=st.floats(0.1, 0.5), seed=st.integers(0, 99)
)
def test_without_subjects_each_class_gets_the_nearest_whole_number(sizes, fraction, seed):
    labels = np.repeat([f"c{number}" for number in range(len(sizes))], sizes)
    frame = pd.DataFrame({"id": [f"r{number}" for number in range(len(labels))], "label": labels})
    folds = make_folds(frame, SplitSettings(test_fraction=fraction), seed)
    tested = frame["label"][folds["split"].to_numpy() == "test"].value_counts()
    for number, size in enumerate(sizes):
        assert abs(tested[f"c{number}"] - size * fraction) <= 0.5 + 1e-9


@settings(max_examples=30, deadline=None)
@given(extra=subjects, seed=st.integers(0, 2**31))
def test_the_order_of_rows_does_not_matter(extra, seed):
    frame = table(extra)
    shuffled = frame.sample(frac=1, random_state=seed % 1000)
    first, second = (make_folds(f, SplitSettings(), seed).set_index("record")["split"] for f in (frame, shuffled))
    assert first.sort_index().equals(second.sort_index())


@settings(max_examples=40, deadline=None)
@given(
    extra=subjects,
    folds=st.integers(2, 3),
    repeats=st.integers(1, 2),
    ties=st.lists(st.integers(0, 7), min_size=0, max_size=4),
    seed=st.integers(0, 2**31),
)
def test_over_the_folds_each_record_is_tested_once_a_repeat_and_no_group_is_divided(extra, folds, repeats, ties, seed):
    # Four more subjects of each class, so that what ties subjects together leaves enough of them.
    frame = table([(number % 3, 2) for number in range(12)] + extra)
    frame["content"] = frame["id"]
    for subject in ties:
        first, second = (frame.index[frame["subject"] == f"s{number}"][0] for number in (subject, subject + 3))
        frame.loc[second, "content"] = frame.loc[first, "content"]
    chosen = SplitSettings(split="k-fold", folds=folds, repeats=repeats)
    drawn = make_folds(frame, chosen, seed)
    assert drawn["fold"].nunique() == folds * repeats
    assert (drawn.groupby("fold")["record"].nunique() == len(frame)).all()
    assert len(drawn) == folds * repeats * len(frame)
    tested = drawn[drawn["split"] == "test"]
    assert (tested.groupby("record").size() == repeats).all()
    joined = drawn.merge(frame, left_on="record", right_on="id")
    for tie in ("subject", "content"):
        assert (joined.groupby(["fold", tie])["split"].nunique() == 1).all()
    again = make_folds(frame.sample(frac=1, random_state=seed % 1000), chosen, seed)
    key = ["fold", "record"]
    assert again.sort_values(key).to_numpy().tolist() == drawn.sort_values(key).to_numpy().tolist()


@settings(max_examples=30, deadline=None)
@given(
    labels=st.lists(st.sets(st.sampled_from("abc"), min_size=1), min_size=0, max_size=40),
    fraction=st.floats(0.1, 0.4),
    seed=st.integers(0, 2**31),
)
def test_labels_of_several_classes_reach_every_part_and_keep_near_their_shares(labels, fraction, seed):
    names = [";".join(sorted(label)) for label in labels] + ["a", "b", "c"] * 10
    frame = pd.DataFrame({"id": [f"r{number}" for number in range(len(names))], "label": names})
    split = make_folds(frame, SplitSettings(test_fraction=fraction), seed, multilabel=True)["split"].to_numpy()
    for name in "abc":
        member = frame["label"].str.contains(name).to_numpy()
        assert set(split[member]) == {"train", "validation", "test"}
        assert abs((split[member] == "test").mean() - fraction) <= 2 / member.sum()
