from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from fusionkit.data.manifest import check_manifest
from fusionkit.data.recordings import FileRecordings
from fusionkit.data.scan import scan
from fusionkit.data.settings import DataSettings
from fusionkit.data.split_settings import SplitSettings
from fusionkit.data.splits import make_folds
from fusionkit.datasets.physionet2016 import physionet2016
from fusionkit.errors import DataError, UsageError

REAL = Path(__file__).parents[4] / "shared" / "data" / "physionet2016"


@pytest.fixture
def copy(tmp_path):
    """A small copy: a0001 to a0004 and b0001 to b0004, of which a0001 and b0002 are in validation, wavs included."""
    labels = {"a": [1, -1, 1, -1], "b": [-1, -1, 1, -1]}
    for letter, values in labels.items():
        folder = tmp_path / f"training-{letter}"
        folder.mkdir()
        names = [f"{letter}000{number}" for number in range(1, 5)]
        pairs = list(zip(names, values, strict=True))
        (folder / "REFERENCE.csv").write_text("".join(f"{name},{value}\n" for name, value in pairs))
        (folder / "REFERENCE-SQI.csv").write_text("".join(f"{n},{v},{int(n[-1] != '4')}\n" for n, v in pairs))
        for name in names:
            soundfile.write(folder / f"{name}.wav", np.random.default_rng(0).uniform(-0.1, 0.1, 50), 2000)
    validation = tmp_path / "validation"
    validation.mkdir()
    (validation / "REFERENCE.csv").write_text("a0001,1\nb0002,-1\n")
    (validation / "a0001.wav").write_bytes((tmp_path / "training-a" / "a0001.wav").read_bytes())
    return tmp_path


def test_each_recording_stands_once_with_what_the_lists_say(copy):
    frame = check_manifest(physionet2016(copy), "physionet2016")
    assert frame["id"].tolist() == [f"{letter}000{number}" for letter in "ab" for number in range(1, 5)]
    assert frame["label"].tolist() == ["abnormal", "normal"] * 2 + ["normal", "normal", "abnormal", "normal"]
    assert frame["database"].tolist() == ["training-a"] * 4 + ["training-b"] * 4
    assert frame["quality"].tolist() == ["clean", "clean", "clean", "unsure"] * 2
    assert frame.loc[frame["split"] == "test", "id"].tolist() == ["a0001", "b0002"]
    assert all("validation" not in path for path in frame["path"])
    assert "subject" not in frame


def test_only_clean_recordings_on_request(copy):
    assert physionet2016(copy, quality="clean")["id"].str.endswith("4").sum() == 0


def test_without_validation_there_is_no_split(copy):
    (copy / "validation" / "REFERENCE.csv").unlink()
    (copy / "validation" / "a0001.wav").unlink()
    (copy / "validation").rmdir()
    assert "split" not in physionet2016(copy)


def test_all_contradictions_are_listed_at_once(copy):
    (copy / "training-a" / "a0002.wav").unlink()
    (copy / "training-a" / "a0009.wav").touch()
    (copy / "training-b" / "REFERENCE.csv").write_bytes(b"b0001,-1\nb0002,7\nb0003,1\nb0003,-1\nb0004\n\xff,1\n")
    (copy / "training-b" / "REFERENCE-SQI.csv").unlink()
    (copy / "validation" / "REFERENCE.csv").write_text("a0001,-1\nc0001,1\n")
    with pytest.raises(DataError) as error:
        physionet2016(copy)
    text = "\n".join(error.value.details)
    for expected in (
        "a0002.wav is missing",
        "a0009.wav has no label",
        "line 2: 'b0002,7'; expected a recording, once, and 1 or -1",
        "line 4: 'b0003,-1'",
        "line 5: 'b0004'",
        "b0002.wav has no label",
        "REFERENCE-SQI.csv is missing",
        "a0001 is normal in validation, but abnormal in training",
        "c0001 is abnormal in validation, but missing in training",
    ):
        assert expected in text


@pytest.mark.parametrize("path", [None, "nowhere", "."])
def test_a_wrong_path_is_named(tmp_path, path):
    with pytest.raises(
        (DataError, UsageError),
        match=r"physionet2016'( needs a folder|: .* does not exist|: .* has no folder training)",
    ):
        physionet2016(path and tmp_path / path)


@pytest.fixture(scope="module")
def real():
    if not REAL.is_dir():
        pytest.skip("the real recordings of ../shared/data/physionet2016 are not here")
    return check_manifest(physionet2016(REAL), "physionet2016")


@pytest.mark.data
def test_the_published_counts(real):
    """Liu et al. 2016; the composition of the validation list by database is counted from its REFERENCE.csv."""
    table = pd.crosstab(real["database"], real["label"])
    assert table["abnormal"].tolist() == [292, 104, 24, 28, 183, 34]
    assert table["normal"].tolist() == [117, 386, 7, 27, 1958, 80]
    test = real[real["split"] == "test"]
    assert test["label"].value_counts().to_dict() == {"abnormal": 151, "normal": 150}
    assert test["database"].value_counts().to_dict() == {
        "training-e": 106,
        "training-b": 98,
        "training-a": 80,
        "training-d": 10,
        "training-c": 7,
    }


@pytest.mark.data
def test_all_real_recordings_can_be_read_and_split(real):
    result = scan(FileRecordings(real), DataSettings(duration=5.0))
    assert len(result.records) == 3240
    assert str(result.signal) == "1x10000@2000"
    folds = make_folds(result.records, SplitSettings(split="predefined"), 0)
    assert folds["split"].value_counts()["test"] == 301
    loocv = make_folds(result.records, SplitSettings(split="leave-one-database-out"), 0)
    assert loocv["fold"].nunique() == 6


def test_the_folder_validation_can_be_read_again_as_copies(copy):
    for name in ("b0002",):
        (copy / "validation" / f"{name}.wav").write_bytes((copy / "training-b" / f"{name}.wav").read_bytes())
    frame = check_manifest(physionet2016(copy, validation="again"), "physionet2016")
    assert frame.loc[frame["split"] == "test", "id"].tolist() == ["validation/a0001", "validation/b0002"]
    assert (frame["split"] == "train").sum() == 8
    assert frame.loc[frame["id"] == "validation/a0001", "label"].tolist() == ["abnormal"]
    assert Path(frame["path"].iloc[-1]) == copy / "validation" / "b0002.wav"
