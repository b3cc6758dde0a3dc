import pytest

from fusionkit.data.manifest import check_manifest
from fusionkit.datasets.pascal import pascal
from fusionkit.errors import DataError

# The real name of a file, and what the published list calls it.
SET_A = {
    "artifact__201012172012": "artifact__201012172012",
    "extrahls__201101070953": "extrahls__201101070953",
    "murmur__201101051104": "murmur__201101051104",
    "normal__201101070538": "normal__201101070538",
    "Aunlabelledtest__201012172010": "Aunlabelledtest__201012172010",
}
SET_B = {
    "extrastole__127_1306764300147_C2": "Btraining_extrastole_127_1306764300147_C2",
    "murmur__112_1306243000964_A": "Btraining_murmur_112_1306243000964_A",
    "murmur_noisymurmur_135_1306428972976_B_1": "Btraining_murmur_Btraining_noisymurmur_135_1306428972976_B_1",
    "normal__103_1305031931979_B": "Btraining_normal_103_1305031931979_B",
    "normal_noisynormal_103_1305031931979_D2": "Btraining_normal_Btraining_noisynormal_103_1305031931979_D2",
    "Bunlabelledtest__101_1305030823364_D": "Bunlabelledtest_101_1305030823364_D",
}


@pytest.fixture
def root(tmp_path):
    for letter, names in (("a", SET_A), ("b", SET_B)):
        (tmp_path / f"set_{letter}").mkdir()
        lines = ["dataset,fname,label,sublabel"]
        for name, listed in names.items():
            (tmp_path / f"set_{letter}" / f"{name}.wav").touch()
            label = "" if "unlabelled" in name else name.split("_")[0]
            lines.append(f"{letter},set_{letter}/{listed}.wav,{label},")
        (tmp_path / f"set_{letter}.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


def _labels(frame):
    return {name.split("/")[1].split(".")[0]: label for name, label in zip(frame["id"], frame["label"], strict=True)}


def test_names_tell_label_subject_and_quality(root):
    frame = check_manifest(pascal(root), "pascal")
    found = {
        name.removeprefix("set_b/"): row
        for name, *row in frame[["id", "label", "subject", "quality", "database"]].itertuples(index=False)
    }
    assert found == {
        "extrastole__127_1306764300147_C2": ["extrastole", "b127", "clean", "set_b"],
        "murmur__112_1306243000964_A": ["murmur", "b112", "clean", "set_b"],
        "murmur_noisymurmur_135_1306428972976_B_1": ["murmur", "b135", "noisy", "set_b"],
        "normal__103_1305031931979_B": ["normal", "b103", "clean", "set_b"],
        "normal_noisynormal_103_1305031931979_D2": ["normal", "b103", "noisy", "set_b"],
    }
    assert frame.attrs["cautions"] == ()


def test_set_a_tells_no_subjects(root):
    frame = check_manifest(pascal(root, sets="a"), "pascal")
    assert frame["subject"].is_unique
    assert len(frame) == 4
    assert "set A of PASCAL tells no subjects" in frame.attrs["cautions"][0]


def test_noisy_recordings_may_be_left_out(root):
    assert pascal(root, noisy=False)["quality"].tolist() == ["clean"] * 3


@pytest.mark.parametrize(
    ("labels", "classes", "expected"),
    [
        ("normal_murmur", ("normal", "murmur"), {"normal": 3, "murmur": 3}),
        ("binary", ("normal", "abnormal"), {"normal": 3, "abnormal": 5}),
        ("audiofuse", ("normal", "abnormal"), {"normal": 3, "abnormal": 6}),
    ],
)
def test_schemes_of_labels(root, labels, classes, expected):
    frame = pascal(root, sets="ab", labels=labels)
    assert frame["label"].value_counts().to_dict() == expected
    assert frame.attrs["classes"] == classes


def test_listed_recordings_that_are_absent_are_all_named(root):
    gone = ("murmur_noisymurmur_135_1306428972976_B_1", "murmur__112_1306243000964_A")
    for name in gone:
        (root / "set_b" / f"{name}.wav").unlink()
    with pytest.raises(DataError, match="missing=skip") as error:
        pascal(root)
    assert sorted(error.value.details) == sorted(f"{root / 'set_b' / name}.wav is listed but absent" for name in gone)
    frame = pascal(root, missing="skip")
    assert len(frame) == 3
    assert frame.attrs["cautions"] == ("2 published recordings of PASCAL are absent",)


def test_a_name_without_a_label_is_refused(root):
    (root / "set_b" / "gallop__1_2_A.wav").touch()
    with pytest.raises(DataError, match="has 1 faults") as error:
        pascal(root)
    assert "gallop__1_2_A.wav: the name begins with no known label" in error.value.details[0]


def test_a_folder_without_recordings_is_refused(tmp_path):
    with pytest.raises(DataError) as error:
        pascal(tmp_path)
    assert error.value.details == (f"{tmp_path / 'set_b'} holds no labelled recording",)


def test_the_published_counts_of_set_b(real_data):
    frame = check_manifest(pascal(real_data("pascal")), "pascal")
    counts = frame.groupby(["label", "quality"]).size().to_dict()
    assert counts == {
        ("extrastole", "clean"): 46,
        ("murmur", "clean"): 66,
        ("murmur", "noisy"): 29,
        ("normal", "clean"): 200,
        ("normal", "noisy"): 120,
    }
    assert frame["subject"].nunique() == 164  # 165 numbers, of which 103 and 146 hold the same sounds
    assert (frame.groupby("subject")["label"].nunique() > 1).sum() == 35


def test_of_set_a_only_what_is_there(real_data):
    with pytest.raises(DataError, match="116 faults"):
        pascal(real_data("pascal"), sets="a")
    frame = pascal(real_data("pascal"), sets="a", missing="skip")
    assert frame["label"].value_counts().to_dict() == dict.fromkeys(("normal", "murmur", "extrahls", "artifact"), 2)
