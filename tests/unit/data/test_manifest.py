import math

import pandas as pd
import pytest

from fusionkit.data.manifest import check_manifest
from fusionkit.errors import DataError


@pytest.fixture
def frame(tmp_path):
    for name in ("a.wav", "b.wav", "c.wav"):
        (tmp_path / name).touch()
    return pd.DataFrame(
        {
            "id": ["001", "1", "c"],
            "path": [tmp_path / "a.wav", str(tmp_path / "b.wav"), str(tmp_path / "c.wav")],
            "label": ["x", "y", "x"],
            "subject": ["s1", "s2", "s3"],
            "rate": [1, 2, 3],
        }
    )


def faults(frame):
    with pytest.raises(DataError) as error:
        check_manifest(frame, "set")
    assert "\n" not in error.value.message
    return error.value.details


def test_a_right_manifest_keeps_ids_as_text_and_free_columns(frame):
    checked = check_manifest(frame, "set")
    assert checked["id"].tolist() == ["001", "1", "c"]
    assert checked["rate"].tolist() == [1, 2, 3]
    assert all(isinstance(path, str) for path in checked["path"])


def test_ids_are_made_from_paths(frame):
    checked = check_manifest(frame.drop(columns="id"), "set")
    assert checked["id"].tolist() == ["a", "b", "c"]


def test_made_ids_of_segments_hold_their_start(frame):
    segments = frame.assign(path=frame["path"][0], start=["0", "1.5", ""], stop=["1.5", "3", "9"]).drop(columns="id")
    checked = check_manifest(segments, "set")
    assert [name.rpartition("/")[2] for name in checked["id"]] == ["a.wav@0.0", "a.wav@1.5", "a.wav"]
    assert checked["start"].tolist()[:2] == [0.0, 1.5]
    assert math.isnan(checked["start"][2])


def test_all_faulty_rows_are_listed_at_once(frame, tmp_path):
    frame["id"] = ["a", "a", "b\nc"]
    frame["label"] = ["x", "y", float("nan")]
    frame["subject"] = ["s1", "", "s3"]
    frame["path"] = [tmp_path / "a.wav", tmp_path / "no.wav", tmp_path / "c.wav"]
    frame["start"] = ["0", "2", "later"]
    frame["stop"] = ["", "1", "3"]
    frame["split"] = ["train", "test", "tset"]
    lines = faults(frame)
    assert all("\n" not in line for line in lines)
    text = "\n".join(lines)
    for expected in (
        "row 2 (id 'a'): an earlier row has this id with another label, 'x'",
        "row 2 (id 'a'): subject is missing; give it in every row or leave the column out",
        "there is no file",
        "row 2 (id 'a'): the segment goes from 2 to 1 s",
        "row 3 (id 'b\\nc'): label is missing",
        "holds a line break",
        "'later'",
        "split is 'tset'; expected train, validation, test, unused",
    ):
        assert expected in text
    assert len(lines) == 8


@pytest.mark.parametrize(("column", "value"), [("id", 1), ("label", 0), ("subject", 3.0), ("database", None)])
def test_a_number_or_nothing_is_no_text(frame, column, value):
    assert any(f"{column} is" in line for line in faults(frame.assign(**{column: [value] * 3})))


@pytest.mark.parametrize("label", ["", "  ", "nan", "NaN"])
def test_an_empty_label_is_a_fault(frame, label):
    assert faults(frame.assign(label=["x", label, "y"])) == ("row 2 (id '1'): label is missing",)


def test_a_missing_column_is_named_with_the_nearest(frame):
    with pytest.raises(DataError, match="no column 'label'; did you mean 'lable'"):
        check_manifest(frame.rename(columns={"label": "lable"}), "set")


def test_no_rows_is_an_error(frame):
    with pytest.raises(DataError, match="'set' has no recordings"):
        check_manifest(frame[:0], "set")
