import pytest

from fusionkit.data.manifest import check_manifest
from fusionkit.datasets.folder import folder
from fusionkit.errors import DataError, UsageError


@pytest.fixture
def root(tmp_path):
    for name in (
        "normal/12_apex.wav",
        "normal/13_base.WAV",
        "murmur/deep/er/12_late.flac",
        "murmur/14.wav",
        "murmur/notes.txt",
        "murmur/.hidden.wav",
        ".git/x.wav",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def test_a_folder_is_a_class(root):
    frame = check_manifest(folder(root), "folder")
    assert dict(zip(frame["id"], frame["label"], strict=True)) == {
        "murmur/14": "murmur",
        "murmur/deep/er/12_late": "murmur",
        "normal/12_apex": "normal",
        "normal/13_base": "normal",
    }
    assert "subject" not in frame


@pytest.mark.parametrize("subject", [r"^(\d+)", r"(x)?(?P<subject>\d+)"])
def test_subjects_come_from_names(root, subject):
    frame = folder(root, subject=subject).set_index("id")["subject"].to_dict()
    assert frame == {"murmur/14": "14", "murmur/deep/er/12_late": "12", "normal/12_apex": "12", "normal/13_base": "13"}


def test_names_without_subject_are_listed(root):
    with pytest.raises(DataError) as error:
        folder(root, subject=r"^(\d+)_")
    assert error.value.details == (f"{root / 'murmur' / '14.wav'} has no subject",)


@pytest.mark.parametrize(
    ("subject", "message"), [("(", "no regular expression"), (r"\d+", "0 groups"), ("(a)(b)", "2")]
)
def test_an_expression_without_its_group_is_refused(root, subject, message):
    with pytest.raises(UsageError, match=message):
        folder(root, subject=subject)


def test_strays_and_empty_classes_are_listed_together(root):
    (root / "stray.wav").touch()
    (root / "unlabelled").mkdir()
    with pytest.raises(DataError) as error:
        folder(root)
    assert error.value.details == (
        f"{root / 'stray.wav'} lies in no class folder",
        f"{root / 'unlabelled'} holds no recording",
    )


def test_an_empty_folder_and_a_single_class_are_named(tmp_path):
    with pytest.raises(DataError, match=r"holds no recording; expected \.edf, \.flac, \.hea, \.wav"):
        folder(tmp_path)
    (tmp_path / "normal").mkdir()
    (tmp_path / "normal" / "1.wav").touch()
    with pytest.raises(DataError, match="one class folder, 'normal'; expected two or more"):
        folder(tmp_path)
    with pytest.raises(DataError, match="does not exist"):
        folder(tmp_path / "no")
