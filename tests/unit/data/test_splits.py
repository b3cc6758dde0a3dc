import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import train_test_split

from fusionkit.data.split_settings import SplitSettings
from fusionkit.data.splits import is_record_wise, make_folds
from fusionkit.errors import DataError, UsageError


def records(labels, **columns):
    return pd.DataFrame({"id": [f"r{number}" for number in range(len(labels))], "label": list(labels), **columns})


def by_subject(per_class, records_each=3):
    """Every subject with the same number of recordings of one class."""
    subjects = [f"{label}{n}" for label, count in per_class.items() for n in range(count) for _ in range(records_each)]
    return records([subject[0] for subject in subjects], subject=subjects)


def counts(frame, folds):
    table = folds.merge(frame, left_on="record", right_on="id")
    return table.groupby(["split", "label"]).size().to_dict()


def test_subjects_are_never_divided_and_classes_keep_their_shares():
    frame = by_subject({"a": 40, "b": 10})
    folds = make_folds(frame, SplitSettings(), seed=3)
    assert folds.columns.tolist() == ["fold", "record", "split"]
    assert sorted(folds["record"]) == sorted(frame["id"])
    parts = folds.merge(frame, left_on="record", right_on="id").groupby("subject")["split"].nunique()
    assert (parts == 1).all()
    assert counts(frame, folds) == {
        ("test", "a"): 24,
        ("test", "b"): 6,
        ("validation", "a"): 18,
        ("validation", "b"): 6,
        ("train", "a"): 78,
        ("train", "b"): 18,
    }


def test_without_subjects_the_counts_are_those_of_an_ordinary_stratified_split():
    labels = ["a"] * 70 + ["b"] * 30
    frame = records(labels)
    assert is_record_wise(frame)
    assert not is_record_wise(by_subject({"a": 1}))
    rest, test = train_test_split(labels, test_size=0.2, stratify=labels, random_state=0)
    train, validation = train_test_split(rest, test_size=0.25, stratify=rest, random_state=0)
    found = counts(frame, make_folds(frame, SplitSettings(validation_fraction=0.25), seed=0))
    parts = {"train": train, "validation": validation, "test": test}
    assert found == {(part, label): values.count(label) for part, values in parts.items() for label in "ab"}


def test_the_seed_decides_and_the_order_of_rows_does_not():
    frame = by_subject({"a": 20, "b": 20})

    def split(frame, seed):
        return make_folds(frame, SplitSettings(), seed).set_index("record")["split"].sort_index()

    assert split(frame, 1).equals(split(frame.sample(frac=1, random_state=5), 1))
    assert not split(frame, 1).equals(split(frame, 2))


def test_three_subjects_of_a_class_reach_all_three_parts():
    frame = by_subject({"a": 30, "b": 3})
    for seed in range(10):
        found = counts(frame, make_folds(frame, SplitSettings(test_fraction=0.5), seed))
        assert [found[part, "b"] for part in ("train", "validation", "test")] == [3, 3, 3]


@pytest.mark.parametrize(("few", "found"), [(1, "1 subject;"), (2, "2 subjects;")])
def test_a_class_with_too_few_subjects_is_named(few, found):
    with pytest.raises(DataError, match=f"class 'b' has {found} 3 parts need at least 3"):
        make_folds(by_subject({"a": 30, "b": few}), SplitSettings(), 0)
    with pytest.raises(DataError, match="class 'b' has 2 recordings; 3 parts need at least 3"):
        make_folds(records("aaaaabb"), SplitSettings(), 0)


def test_one_class_is_an_error():
    with pytest.raises(DataError, match="all 9 recordings have the label 'a'; expected two classes"):
        make_folds(by_subject({"a": 3}), SplitSettings(), 0)


def test_files_with_the_same_content_stay_together():
    contents = [f"file{number // 2}" for number in range(40)]
    frame = records(["a", "a", "b", "b"] * 10, content=contents)
    folds = make_folds(frame, SplitSettings(), 0).set_index("record")["split"]
    assert (folds.groupby(dict(zip(frame["id"], contents, strict=True))).nunique() == 1).all()


def test_predefined_parts_are_kept_and_unused_rows_left_out():
    split = ["train", "validation", "test", "unused"] * 4
    frame = records("aaaabbbb" * 2, split=split)
    folds = make_folds(frame, SplitSettings(split="predefined"), 0)
    expected = {name: part for name, part in zip(frame["id"], split, strict=True) if part != "unused"}
    assert dict(zip(folds["record"], folds["split"], strict=True)) == expected


def test_predefined_cuts_a_missing_validation_part_from_training_by_subject():
    frame = by_subject({"a": 20, "b": 20})
    frame["split"] = np.where(frame["subject"].str.endswith("1"), "test", "train")
    folds = make_folds(frame, SplitSettings(split="predefined"), 0)
    found = folds.merge(frame.rename(columns={"split": "given"}), left_on="record", right_on="id")
    assert set(found.loc[found["given"] == "test", "split"]) == {"test"}
    assert set(found.loc[found["given"] == "train", "split"]) == {"train", "validation"}
    assert (found.groupby("subject")["split"].nunique() == 1).all()


def test_each_database_is_once_the_test_part():
    frame = records("ab" * 30, database=["x", "x", "y", "y", "z", "z"] * 10)
    folds = make_folds(frame, SplitSettings(split="leave-one-database-out"), 0)
    database = folds["record"].map(dict(zip(frame["id"], frame["database"], strict=True)))
    assert folds["fold"].unique().tolist() == ["x", "y", "z"]
    assert ((folds["split"] == "test") == (database == folds["fold"])).all()
    assert (folds.groupby("fold")["split"].nunique() == 3).all()
    assert (folds.groupby("fold").size() == 60).all()


def test_a_test_part_with_one_class_is_an_error_except_where_several_are_scored_together():
    frame = records("aaab" * 10 + "aaaa", database=["x", "y"] * 20 + ["z"] * 4)
    frame["split"] = np.where(frame["database"] == "z", "test", "train")
    with pytest.raises(DataError, match="fold '0': the test part has a 4, b 0; expected recordings of at least 2"):
        make_folds(frame, SplitSettings(split="predefined"), 0)
    frame = frame[frame["database"] != "x"].assign(label=list("ab" * 10 + "aaaa"))
    frame = pd.concat([frame, records("ab" * 5, database="w").assign(id=[f"w{n}" for n in range(10)])])
    folds = make_folds(frame, SplitSettings(split="leave-one-database-out"), 0)
    assert folds.loc[(folds["fold"] == "z") & (folds["split"] == "test"), "record"].tolist() == [
        "r40",
        "r41",
        "r42",
        "r43",
    ]


def test_training_needs_every_class():
    frame = records(
        "ab" * 8 + "c",
        split=["train", "train", "test", "test", "validation", "validation", "train", "train"] * 2 + ["test"],
    )
    with pytest.raises(DataError, match="the train part has a 4, b 4, c 0; expected recordings of at least 3 classes"):
        make_folds(frame, SplitSettings(split="predefined"), 0)


@pytest.mark.parametrize(
    ("split", "columns", "message"),
    [
        ("predefined", {}, "needs the column 'split'"),
        ("predefined", {"split": ["train"] * 4}, "has no row 'test'"),
        ("predefined", {"split": ["test"] * 4}, "has no row 'train'"),
        ("leave-one-database-out", {}, "needs the column 'database'"),
        ("leave-one-database-out", {"database": ["x"] * 4}, "there is only 'x'"),
    ],
)
def test_a_split_says_what_it_lacks(split, columns, message):
    with pytest.raises(DataError, match=message):
        make_folds(records("abab", **columns), SplitSettings(split=split), 0)


@pytest.mark.parametrize("column", ["subject", "content", "digest", "path"])
def test_parts_that_are_given_are_kept_even_where_they_divide_what_belongs_together(column):
    parts = ["train", "validation", "test"] * 4
    values = [f"v{number}" for number in range(12)]
    values[5] = values[0]
    frame = records("aaabbb" * 2, split=parts, **{column: values})
    assert make_folds(frame, SplitSettings(split="predefined"), 0)["split"].tolist() == parts


@pytest.mark.parametrize("column", ["subject", "content", "digest", "path"])
def test_validation_that_is_cut_from_a_given_training_part_divides_nothing(column):
    frame = records("aabb" * 20, **{column: [f"v{number // 2}" for number in range(80)]})
    frame["split"] = ["train"] * 60 + ["test"] * 20
    for seed in range(5):
        split = make_folds(frame, SplitSettings(split="predefined"), seed)["split"]
        assert split[60:].eq("test").all()
        assert split.eq("validation").sum() == 12
        assert split.groupby(frame[column]).nunique().eq(1).all()


def test_what_shares_a_subject_or_a_content_stays_together_through_others():
    frame = by_subject({"a": 12, "b": 12})
    frame["content"] = [f"c{number}" for number in range(len(frame))]
    # The first recordings of two persons are copies of one another: both persons go to the same part.
    persons = frame.groupby("subject").head(1).index
    frame.loc[persons[1], "content"] = frame.loc[persons[0], "content"]
    together = frame["subject"].isin(frame.loc[persons[:2], "subject"])
    for seed in range(5):
        split = make_folds(frame, SplitSettings(), seed).set_index("record")["split"]
        assert split[frame.loc[together, "id"]].nunique() == 1


def test_a_missing_digest_ties_nothing():
    digests = [None, np.nan] * 20
    folds = make_folds(records("ab" * 20, digest=digests), SplitSettings(), 0)
    assert folds["split"].value_counts().to_dict() == {"train": 26, "test": 8, "validation": 6}


def test_by_record_subjects_and_files_are_ignored_and_the_counts_are_those_of_a_stratified_split():
    frame = records("aaab" * 50, subject=["s1", "s2"] * 100, path="all.npy")
    found = counts(frame, make_folds(frame, SplitSettings(split="record", validation_fraction=0.25), 0))
    assert found == {
        ("test", "a"): 30,
        ("test", "b"): 10,
        ("validation", "a"): 30,
        ("validation", "b"): 10,
        ("train", "a"): 90,
        ("train", "b"): 30,
    }
    assert not is_record_wise(frame)
    assert not is_record_wise(frame, SplitSettings())
    assert is_record_wise(frame.drop(columns="subject"), SplitSettings())
    for split in ("record", "pascal-ab-published", "heartbeat-published"):
        assert is_record_wise(frame, SplitSettings(split=split))


def test_each_subject_is_once_the_test_part_and_joined_subjects_leave_together():
    frame = by_subject({"a": 4, "b": 4})
    frame["content"] = [f"c{number}" for number in range(len(frame))]
    frame.loc[3, "content"] = frame.loc[0, "content"]
    folds = make_folds(frame, SplitSettings(split="leave-one-subject-out"), 0)
    assert folds["fold"].unique().tolist() == ["a0+a1", "a2", "a3", "b0", "b1", "b2", "b3"]
    tested = folds[folds["split"] == "test"].merge(frame, left_on="record", right_on="id")
    assert sorted(tested["record"]) == sorted(frame["id"])
    assert all(subject in fold.split("+") for subject, fold in zip(tested["subject"], tested["fold"], strict=True))
    assert (folds.groupby("fold")["split"].nunique() == 3).all()


def test_a_class_that_nothing_is_left_of_when_its_subject_is_tested_is_named():
    with pytest.raises(DataError, match="fold 'b0': class 'b' has 1 subject; 2 parts need at least 2"):
        make_folds(by_subject({"a": 4, "b": 2}), SplitSettings(split="leave-one-subject-out"), 0)


def test_more_subjects_than_anybody_trains_models_for_are_refused():
    with pytest.raises(DataError, match="there are 1001; expected 2 to 1000: use split 'k-fold'"):
        make_folds(by_subject({"a": 501, "b": 500}, 1), SplitSettings(split="leave-one-subject-out"), 0)


def test_labels_with_several_classes_are_shared_out_by_membership():
    frame = records(["a;b", "b", "a;c", "c"] * 30, subject=[f"s{number // 2}" for number in range(120)])
    folds = make_folds(frame, SplitSettings(), 0, multilabel=True)
    joined = folds.merge(frame, left_on="record", right_on="id")
    for name in "abc":
        held = joined.loc[joined["label"].str.split(";").map(lambda names, name=name: name in names), "split"]
        assert held.value_counts().to_dict() == {"test": 12, "validation": 10, "train": 38}
    rare = pd.concat([frame, records(["a;d"], subject="t").assign(id="t")])
    with pytest.raises(DataError, match="class 'd' has 1 subject; 3 parts need at least 3"):
        make_folds(rare, SplitSettings(), 0, multilabel=True)


def test_without_a_test_fraction_nothing_is_tested():
    folds = make_folds(records("ab" * 20), SplitSettings(split="record", test_fraction=0), 0)
    assert folds["split"].value_counts().to_dict() == {"train": 32, "validation": 8}


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ("subjects", "there is no split 'subjects'; did you mean 'subject'?"),
        ("ptbxl-fold", "did you mean 'ptbxl-folds'?"),
        ("folds.txt", "A split file is named by its path, which ends in .csv"),
    ],
)
def test_an_unknown_split_is_refused_with_the_nearest_name(split, message):
    with pytest.raises(UsageError) as error:
        SplitSettings(split=split)
    assert message in str(error.value)


@pytest.mark.parametrize("split", ["subject", "k-fold", "record"])
def test_when_the_test_part_chooses_no_validation_part_is_cut(split):
    frame = by_subject({"a": 20, "b": 20})
    own = make_folds(frame, SplitSettings(split=split), seed=1)
    found = make_folds(frame, SplitSettings(split=split, validation="test"), seed=1)
    assert set(found["split"]) == {"train", "test"}
    assert len(found) == len(own)
    if split == "k-fold":
        keys = ["fold", "record"]
        both = found.merge(own, on=keys)
        assert ((both["split_x"] == "test") == (both["split_y"] == "test")).all()


def test_a_test_part_that_chooses_needs_two_classes():
    frame = by_subject({"a": 4, "b": 4}, 1)
    frame = frame.assign(split=["train", "test"] * 2 + ["train"] * 4)
    with pytest.raises(DataError, match=r"the test part has a 2, b 0; expected recordings of at least 2 classes"):
        make_folds(frame, SplitSettings(split="predefined", validation="test"), 0)
    with pytest.raises(DataError, match=r"the test part has a 0, b 0"):
        make_folds(frame, SplitSettings(test_fraction=0, validation="test"), 0)
