import hashlib
import io

import pandas as pd
import pytest

from fusionkit.data.split_file import read_split_file, split_hash, write_split_file
from fusionkit.data.split_settings import SplitSettings
from fusionkit.data.splits import make_folds
from fusionkit.errors import DataError, IntegrityError

RECORDS = pd.DataFrame(
    {
        "id": ["001", "1", 'a,"b"', "d", "e", "f"],
        "label": ["NA", "ok", "NA", "ok", "NA", "ok"],
        "subject": [f"s{number}" for number in range(6)],
    }
)
PARTS = ["train", "train", "validation", "validation", "test", "test"]
FOLDS = pd.DataFrame({"fold": "0", "record": RECORDS["id"], "split": PARTS})


def written(tmp_path, text):
    path = tmp_path / "split.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_what_is_written_is_read_again(tmp_path):
    text = write_split_file(FOLDS, RECORDS)
    assert text.splitlines()[1] == "fold,record,split,subject,database,label"
    pd.testing.assert_frame_equal(read_split_file(written(tmp_path, text), RECORDS), FOLDS)


def test_recordings_that_were_left_out_are_marked_and_left_out_again(tmp_path):
    folds = FOLDS.drop(index=[1, 3])
    text = write_split_file(folds, RECORDS)
    assert pd.read_csv(io.StringIO(text), skiprows=1)["split"].tolist().count("unused") == 2
    found = read_split_file(written(tmp_path, text), RECORDS)
    assert found.to_numpy().tolist() == folds.to_numpy().tolist()


def test_a_run_can_be_repeated_from_its_split_file(tmp_path):
    frame = pd.DataFrame({"id": [f"r{n}" for n in range(40)], "label": "a", "database": ["x", "y"] * 20})
    frame = pd.concat([frame, pd.DataFrame({"id": ["z"], "label": ["a"], "database": ["z"]})])
    frame.loc[frame["database"] != "z", "label"] = list("aabb" * 10)
    folds = make_folds(frame, SplitSettings(split="leave-one-database-out"), 3)
    path = written(tmp_path, write_split_file(folds, frame))
    again = make_folds(frame.sample(frac=1, random_state=1), SplitSettings(split=str(path)), seed=8)
    key = ["fold", "record"]
    assert again.sort_values(key).to_numpy().tolist() == folds.sort_values(key).to_numpy().tolist()
    assert split_hash(again) == split_hash(folds)


def test_a_split_written_by_hand_needs_no_hash_no_fold_and_no_validation(tmp_path):
    frame = pd.DataFrame({"id": [f"r{n}" for n in range(20)], "label": list("ab" * 10)})
    rows = [f"{name},{'test' if number < 6 else 'train'}" for number, name in enumerate(frame["id"])]
    path = written(tmp_path, "\ufeffrecord,split\n" + "\n".join(rows))
    folds = make_folds(frame, SplitSettings(split=str(path)), 0)
    assert folds["fold"].unique().tolist() == ["0"]
    assert folds["split"].value_counts().to_dict() == {"train": 12, "test": 6, "validation": 2}
    assert folds["split"][:6].tolist() == ["test"] * 6


def test_the_hash_is_of_the_sorted_rows_that_are_used():
    lines = ['["0", "a", "train"]', '["0", "b", "test"]']
    folds = pd.DataFrame({"fold": "0", "record": ["b", "c", "a"], "split": ["test", "unused", "train"]})
    assert split_hash(folds) == hashlib.sha256("\n".join(lines).encode()).hexdigest()


def test_a_file_that_was_changed_after_it_was_written_is_refused(tmp_path):
    text = write_split_file(FOLDS, RECORDS).replace("d,validation", "d,train")
    lines = write_split_file(FOLDS, RECORDS).splitlines(keepends=True)
    with pytest.raises(IntegrityError, match="its first line states the SHA-256"):
        read_split_file(written(tmp_path, "".join(lines[:-2])), RECORDS)
    with pytest.raises(IntegrityError, match="its first line states the SHA-256"):
        read_split_file(written(tmp_path, text), RECORDS)


@pytest.mark.parametrize(
    ("old", "new", "detail"),
    [
        ("0,d,validation", "0,D,validation", "fold '0': record 'D' is not among the recordings"),
        ("0,d,validation", "0,D,validation", "fold '0': record 'd' is not named; mark it unused to leave it out"),
        ("0,d,validation", "0,1,validation", "fold '0': record '1' stands there twice"),
        ("s5,,ok", "s5,,NA", "fold '0': record 'f' has the label 'NA' there, but another one in the data"),
        (",s5,", ",s9,", "fold '0': record 'f' has the subject 's9' there, but another one in the data"),
        ("0,d,validation", "0,d,valid", "fold '0': record 'd' has the split 'valid'; expected train, validation, test"),
        ("0,d,validation", ",d,validation", "fold '': record 'd' lacks its fold or its name"),
        (",train,", ",test,", "fold '0': there is no row with the split train"),
    ],
)
def test_faulty_rows_are_listed(tmp_path, old, new, detail):
    text = write_split_file(FOLDS, RECORDS)
    assert old in text
    with pytest.raises(DataError, match=r"split file .*faults; correct them") as error:
        read_split_file(written(tmp_path, text.partition("\n")[2].replace(old, new)), RECORDS)
    assert any(line.startswith(detail) for line in error.value.details)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("record,part\na,train\n", "has no column 'split'; expected the columns record and split"),
        ("record,split\n", "has no rows"),
        ("", "cannot be read as CSV: No columns"),
        ("record,split\na,b,c\nd,e,f,g\n", "cannot be read as CSV"),
        ("record,split\na,train,c\nb,test,d\n", "has more cells in its rows than columns"),
    ],
)
def test_a_file_that_is_no_split_file_is_refused_in_one_line(tmp_path, text, message):
    with pytest.raises(DataError, match=message) as error:
        read_split_file(written(tmp_path, text), RECORDS)
    assert "\n" not in error.value.message


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match=r"absent\.csv cannot be read as CSV: .*No such file"):
        make_folds(RECORDS, SplitSettings(split=str(tmp_path / "absent.csv")), 0)
