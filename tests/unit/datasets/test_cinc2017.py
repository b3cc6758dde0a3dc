import pytest

from fusionkit.data.manifest import check_manifest
from fusionkit.datasets.cinc2017 import cinc2017
from fusionkit.errors import DataError

LABELS = {"A00001": "N", "A00002": "A", "A00003": "O", "A00004": "~", "A01005": "N"}


@pytest.fixture
def copy(tmp_path):
    """The unpacked training2017.zip in a folder, with the list of the last revision beside it."""
    folder = tmp_path / "training2017"
    folder.mkdir()
    for name in LABELS:
        (folder / f"{name}.hea").touch()
        (folder / f"{name}.mat").touch()
    (folder / "REFERENCE.csv").write_text("".join(f"{name},N\n" for name in LABELS))
    (tmp_path / "REFERENCE-v3.csv").write_text("".join(f"{name},{label}\n" for name, label in LABELS.items()))
    validation = tmp_path / "validation"
    validation.mkdir()
    (validation / "A00001.hea").touch()
    return tmp_path


def test_the_last_revision_of_the_labels_is_read(copy):
    frame = cinc2017(copy)
    assert frame.attrs == {"classes": ("normal", "af", "other", "noisy")}
    frame = check_manifest(frame, "cinc2017")
    assert frame["id"].tolist() == list(LABELS)
    assert frame["label"].tolist() == ["normal", "af", "other", "noisy", "normal"]
    assert frame["path"].tolist() == [str(copy / "training2017" / f"{name}.hea") for name in LABELS]
    assert "subject" not in frame


def test_another_revision_is_told(copy):
    frame = cinc2017(copy / "training2017")
    assert set(frame["label"]) == {"normal"}
    assert frame.attrs["cautions"] == ("The labels are those of REFERENCE.csv, not of the revision REFERENCE-v3.csv.",)


def test_noisy_recordings_can_be_left_out(copy):
    frame = cinc2017(copy, noisy=False)
    assert frame["id"].tolist() == ["A00001", "A00002", "A00003", "A01005"]
    assert frame.attrs["classes"] == ("normal", "af", "other")


def test_the_layout_with_a_folder_a_thousand_recordings(copy):
    (copy / "training2017").rename(copy / "training")
    for name in LABELS:
        below = copy / "training" / name[:3]
        below.mkdir(exist_ok=True)
        (copy / "training" / f"{name}.hea").rename(below / f"{name}.hea")
    assert cinc2017(copy)["path"].tolist()[-1] == str(copy / "training" / "A01" / "A01005.hea")


def test_all_faults_are_listed_at_once(copy):
    (copy / "REFERENCE-v3.csv").write_bytes(b"A00001,N\nA00002,A\nA00002,N\nA00003,X\nA00004\n,N\nA00099,O\n\xff,N,N\n")
    (copy / "training2017" / "again").mkdir()
    (copy / "training2017" / "again" / "A00001.hea").touch()
    with pytest.raises(DataError) as error:
        cinc2017(copy)
    found = "\n".join(error.value.details)
    for expected in (
        "line 3: 'A00002,N'; expected a recording, once, and N, A, O, ~",
        "line 4: 'A00003,X'",
        "line 5: 'A00004'",
        "line 6: ',N'",
        "line 8:",
        "A00003.hea has no label in REFERENCE-v3.csv",
        "A01005.hea has no label",
        "A00099.hea is missing",
        "has the name of",
    ):
        assert expected in found
    assert "validation" not in found


def test_a_folder_without_labels_is_named(copy):
    (copy / "REFERENCE-v3.csv").unlink()
    (copy / "training2017" / "REFERENCE.csv").unlink()
    with pytest.raises(DataError, match=r"has no REFERENCE-v3.csv and no REFERENCE.csv"):
        cinc2017(copy)


@pytest.mark.data
def test_the_published_counts(real_data):
    """Clifford et al. 2017, the last revision of the labels."""
    counts = cinc2017(real_data("cinc2017"))["label"].value_counts().to_dict()
    assert counts == {"normal": 5076, "other": 2415, "af": 758, "noisy": 279}
