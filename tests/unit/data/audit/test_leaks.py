import pandas as pd
import pytest

from fusionkit.data.audit.class_support import class_support, weak_classes
from fusionkit.data.audit.label_conflicts import identical, label_conflicts, mixed_subjects
from fusionkit.data.audit.leaks import find_leaks
from fusionkit.data.split_settings import SplitSettings
from fusionkit.data.splits import make_folds

CLEAN = {
    "id": ["a", "b", "c", "d", "e", "f"],
    "path": ["a.wav", "b.wav", "c.wav", "d.wav", "e.wav", "f.wav"],
    "subject": ["1", "2", "3", "4", "5", "6"],
    "content": ["A", "B", "C", "D", "E", "F"],
    "digest": ["α", "β", "γ", "δ", "ε", "ζ"],
    "label": ["x", "y", "x", "y", "x", "y"],
}
PARTS = ["train", "train", "validation", "validation", "test", "test"]


def records(**columns):
    return pd.DataFrame(CLEAN | columns)


def folds(*parts):
    frames = [
        pd.DataFrame({"fold": str(number), "record": CLEAN["id"], "split": split})
        for number, split in enumerate(parts or (PARTS,))
    ]
    return pd.concat(frames, ignore_index=True)


def near(*pairs):
    rows = [(a, b, 0.9991, 0.37, -0.3) for a, b in pairs]
    return pd.DataFrame(rows, columns=["a", "b", "similarity", "lag_s", "gain"])


def test_a_clean_split_has_no_leak():
    assert find_leaks(records(), folds(), near(("a", "b"), ("e", "f"))) == ()


PLANTED = {
    "subject": ({"subject": ["1", "2", "1", "4", "5", "6"]}, "a c", "fold 0: subject 1 in train and validation: a, c"),
    "file": (
        {"path": ["a.wav", "b.wav", "c.wav", "d.wav", "b.wav", "f.wav"], "content": list("ABCDBF")},
        "b e",
        "fold 0: segments of the file b.wav in test and train: b, e",
    ),
    "content": (
        {"content": list("ABCDEB"), "digest": ["α", "β", "γ", "δ", "ε", "β"]},
        "b f",
        "fold 0: copies of one file in test and train: b, f",
    ),
    "samples": (
        {"digest": ["α", "β", "γ", "δ", "γ", "ζ"]},
        "c e",
        "fold 0: the same samples in test and validation: c, e",
    ),
}


@pytest.mark.parametrize("kind", PLANTED)
def test_each_planted_leak_is_told_once_and_as_what_it_is(kind):
    columns, who, line = PLANTED[kind]
    given = records(**columns)
    # Where the person is known, segments of one file are told as that person.
    (leak,) = find_leaks(given.drop(columns="subject") if kind == "file" else given, folds())
    assert (leak.kind, leak.records, str(leak)) == (kind, tuple(who.split()), line)


def test_a_near_duplicate_pair_in_two_parts_is_a_leak():
    (leak,) = find_leaks(records(), folds(), near(("a", "b"), ("a", "f")))
    assert (leak.kind, leak.parts, leak.records) == ("near-duplicate", ("test", "train"), ("a", "f"))
    assert "similarity 0.9991, lag 0.370 s, gain -0.3" in str(leak)


def test_the_part_unused_does_not_count_and_every_fold_does():
    columns = {"subject": ["1", "2", "1", "4", "5", "6"]}
    unused = ["train", "train", "unused", "validation", "test", "test"]
    found = find_leaks(records(**columns), folds(unused, PARTS, PARTS), near(("a", "c")))
    assert [(leak.kind, leak.fold) for leak in found] == [
        ("subject", "1"),
        ("subject", "2"),
        ("near-duplicate", "1"),
        ("near-duplicate", "2"),
    ]


def test_what_is_not_known_is_not_asked():
    assert find_leaks(records()[["id"]], folds()) == ()


def test_a_line_lists_twenty_records_at_most():
    many = pd.DataFrame({"id": [f"r{number}" for number in range(50)], "subject": "one"})
    split = pd.DataFrame({"fold": "0", "record": many["id"], "split": ["train"] * 25 + ["test"] * 25})
    (leak,) = find_leaks(many, split)
    assert len(leak.records) == 50
    assert str(leak).endswith("r19 and 30 more")


def test_identical_recordings_are_grouped_and_their_labels_compared():
    copied = records(digest=["α", "α", "γ", "α", "γ", "ζ"])
    groups = identical(copied)
    assert [(group.records, group.labels) for group in groups] == [(("a", "b", "d"), ("x", "y")), (("c", "e"), ("x",))]
    assert [group.records for group in label_conflicts(copied)] == [("a", "b", "d")]
    assert str(groups[0]) == "identical labelled x and y: a, b, d"
    assert identical(records()) == ()


def test_near_duplicates_with_different_labels_conflict():
    (conflict,) = label_conflicts(records(), near(("a", "c"), ("a", "f")))
    assert str(conflict) == "near-identical labelled x and y: a, f"


def test_subjects_with_several_labels_are_noted():
    assert mixed_subjects(records(subject=["1", "1", "2", "3", "2", "3"])) == ("1",)
    assert mixed_subjects(records().drop(columns="subject")) == ()


def test_class_support_counts_records_and_people():
    table = records(subject=["1", "2", "1", "4", "5", "6"], database=["p", "p", "q", "p", "q", "p"])
    support = class_support(table, ("x", "y", "z"))
    assert support.to_dict("list") == {
        "class": ["x", "y", "z"],
        "records": [3, 3, 0],
        "subjects": [2, 3, 0],
        "databases": [2, 1, 0],
    }
    assert [line.split(";")[0] for line in weak_classes(support, 3)] == [
        "class 'x' has 2 subjects",
        "class 'z' has 0 subjects",
    ]


def test_class_support_of_several_labels_and_unknown_subjects():
    table = records(label=["x;y", "y", "x", "y", "x; y", "y"]).drop(columns="subject")
    support = class_support(table, ("x", "y"), multilabel=True)
    assert support.to_dict("list") == {"class": ["x", "y"], "records": [3, 5]}
    assert weak_classes(support)[0].startswith("class 'x' has 3 recordings;")


def test_a_file_of_several_persons_ties_none_of_them():
    given = records(path=["all.npy"] * 6, content=["A"] * 6)
    assert find_leaks(given, folds()) == ()
    same = records(path=["all.npy"] * 6, content=["A"] * 6, subject=["1", "2", "3", "4", "1", "6"])
    assert [str(leak) for leak in find_leaks(same, folds())] == ["fold 0: subject 1 in test and train: a, e"]
    names = ("id", "subject", "digest")
    more = pd.concat([same.assign(**{name: same[name] + letter for name in names}) for letter in "xyz"])
    assert make_folds(more, SplitSettings(), 0).groupby("split").size().min() >= 2
