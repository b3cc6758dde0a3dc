import numpy as np
import pytest

from fusionkit.data.manifest import check_manifest
from fusionkit.data.recordings import FileRecordings
from fusionkit.datasets.wfdb_folder import wfdb_folder
from fusionkit.errors import DataError


@pytest.fixture
def records(tmp_path):
    """Records 001, 1 and ward/1: 8 samples of two leads in format 16 at 250 Hz, 200 units a mV."""
    for name in ("001", "1", "ward/1"):
        header = tmp_path / f"{name}.hea"
        header.parent.mkdir(exist_ok=True)
        stem = header.stem
        header.write_text(f"{stem} 2 250 8\n{stem}.dat 16 200/mV 16 0 0 0 0 II\n{stem}.dat 16 200/mV 16 0 0 0 0 V1\n")
        np.arange(16, dtype="<i2").tofile(header.with_suffix(".dat"))
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "x.hea").touch()
    return tmp_path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_record_is_named_by_its_path_as_text(records, separator, encoding):
    text = "record,label,subject\nward/1,sick,a\n001,well,b\n1.hea,sick,b\n"
    (records / "labels.csv").write_text(text.replace(",", separator), encoding=encoding)
    frame = check_manifest(wfdb_folder(records), "wfdb")
    assert frame["id"].tolist() == ["ward/1", "001", "1"]
    assert frame["label"].tolist() == ["sick", "well", "sick"]
    assert frame["subject"].tolist() == ["a", "b", "b"]
    assert frame["path"].tolist() == [str(records / name) for name in ("ward/1.hea", "001.hea", "1.hea")]


def test_rows_of_one_record_are_its_segments(records):
    text = "record,label,start,stop\n1,a,0,0.01\n1,b,0.01,\nward/1,a,,\n001,a,,\n"
    (records / "rows.csv").write_text(text)
    frame = check_manifest(wfdb_folder(records, table="rows.csv"), "wfdb")
    assert frame["id"].tolist() == ["1@0", "1@0.01", "ward/1", "001"]
    assert frame["start"].tolist()[:2] == [0.0, 0.01]


def test_own_identifiers_are_kept(records):
    (records / "labels.csv").write_text("id,record,label\nx,1,a\ny,001,b\nz,ward/1,b\n")
    assert wfdb_folder(records)["id"].tolist() == ["x", "y", "z"]


def test_all_differences_between_table_and_records_are_listed(records):
    (records / "1.HEA").touch()
    (records / "labels.csv").write_text("record,label\n1,a\n2,a\n../1,b\n")
    with pytest.raises(DataError, match="differ in 5 places") as error:
        wfdb_folder(records)
    assert error.value.details == (
        f"{records / '1.hea'} and {records / '1.HEA'} have one name; rename one of them",
        f"labels.csv, row 2: there is no recording '2' (.hea) in {records}",
        f"labels.csv, row 3: there is no recording '../1' (.hea) in {records}",
        f"{records / '001.hea'} has no row in labels.csv",
        f"{records / 'ward' / '1.hea'} has no row in labels.csv",
    )


def test_a_record_with_two_labels_is_refused_with_the_manifest(records):
    (records / "labels.csv").write_text("record,label\n1,a\n1,b\n001,a\nward/1,a\n")
    with pytest.raises(DataError) as error:
        check_manifest(wfdb_folder(records), "wfdb")
    assert "an earlier row has this id with another label, 'a'" in error.value.details[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [(None, "there is no file"), ("record;lable\n1;a\n", "no column 'label'; did you mean 'lable'")],
)
def test_a_wrong_table_is_named(records, text, message):
    if text:
        (records / "labels.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        wfdb_folder(records)


def test_the_headers_name_the_channels(records):
    (records / "labels.csv").write_text("record,label\n1,a\n001,b\nward/1,b\n")
    recordings = FileRecordings(check_manifest(wfdb_folder(records), "wfdb"))
    header = recordings.header("ward/1")
    assert (header.channel_names, header.samples, header.sample_rate) == (("II", "V1"), 8, 250.0)
    np.testing.assert_allclose(recordings.read("ward/1", 2, 4), np.array([[4, 6], [5, 7]]) / 200, rtol=1e-6)


@pytest.mark.data
def test_real_records(real_data, tmp_path):
    for file in real_data("wfdb_samples").iterdir():
        (tmp_path / file.name).symlink_to(file)
    (tmp_path / "labels.csv").write_text("record,label\na103l,asystole\nv102s,tachycardia\ns0010_re,infarction\n")
    recordings = FileRecordings(check_manifest(wfdb_folder(tmp_path), "wfdb"))
    assert recordings.header("a103l").channel_names == ("II", "V", "PLETH")
    assert recordings.header("v102s").samples == 75000
    assert recordings.header("s0010_re").channels == 15
    assert [recordings.read(name, 5, 9).shape for name in ("a103l", "v102s", "s0010_re")] == [(3, 4), (4, 4), (15, 4)]
