import shutil

import pytest

from fusionkit.data.manifest import check_manifest
from fusionkit.datasets.ptb import ptb
from fusionkit.errors import DataError

RECORDS = {
    "patient001/s0010_re": "Myocardial infarction",
    "patient001/s0014lre": "Myocardial infarction",
    "patient104/s0306lre": "Healthy control",
    "patient110/s0003_re": "n/a",
    "patient120/s0331lre": "Heart failure (NYHA 4)",
    "patient121/s0311lre": None,
}


@pytest.fixture
def root(tmp_path):
    for record, reason in RECORDS.items():
        folder, name = record.split("/")
        lines = [f"{name} 1 1000 4", f"{name}.dat 16 2000 16 0 0 0 0 i", "# age: 60", "# Diagnose:"]
        if reason is not None:
            lines.append(f"# Reason for admission: {reason}")
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / f"{name}.hea").write_text("\n".join(lines) + "\n")
        (tmp_path / folder / f"{name}.dat").write_bytes(bytes(8))
    (tmp_path / "RECORDS").write_text("\n".join(RECORDS) + "\n")
    return tmp_path


def test_infarction_against_healthy(root):
    frame = check_manifest(ptb(root), "ptb")
    assert frame["id"].tolist() == list(RECORDS)[:3]
    assert frame["label"].tolist() == ["infarction", "infarction", "healthy"]
    assert frame["subject"].tolist() == ["patient001", "patient001", "patient104"]
    assert frame.attrs["cautions"] == ("3 records of PTB have another diagnosis, or none, and are left out",)


def test_every_diagnosis(root):
    frame = ptb(root, labels="all")
    assert frame["label"].tolist() == ["infarction", "infarction", "healthy", "heart failure"]
    assert frame.attrs["cautions"] == ("2 records of PTB have no diagnosis, and are left out",)


def test_without_a_list_all_headers_are_taken(root):
    (root / "RECORDS").unlink()
    assert ptb(root)["id"].tolist() == list(RECORDS)[:3]


def test_listed_records_that_are_absent_or_damaged_are_all_named(root):
    (root / "patient001" / "s0010_re.hea").unlink()
    (root / "patient120" / "s0331lre.hea").write_text("nothing\n")
    with pytest.raises(DataError, match="has 2 faults") as error:
        ptb(root)
    assert "s0010_re.hea" in error.value.details[0]
    assert "s0331lre.hea" in error.value.details[1]


def test_a_folder_without_records_is_refused(tmp_path):
    with pytest.raises(DataError, match="has no record"):
        ptb(tmp_path)


def test_a_real_header(real_data, tmp_path):
    (tmp_path / "patient001").mkdir()
    for file in real_data("wfdb_samples").glob("s0010_re.*"):
        shutil.copy(file, tmp_path / "patient001" / file.name)
    frame = ptb(tmp_path)
    assert frame[["id", "label", "subject"]].to_numpy().tolist() == [
        ["patient001/s0010_re", "infarction", "patient001"]
    ]
