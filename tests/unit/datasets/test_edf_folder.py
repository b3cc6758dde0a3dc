import numpy as np
import pyedflib
import pytest

from fusionkit.data.manifest import check_manifest
from fusionkit.data.recordings import FileRecordings
from fusionkit.datasets.edf_folder import edf_folder
from fusionkit.errors import DataError


@pytest.fixture
def nights(tmp_path):
    """Recordings n01.edf and more/n02.EDF: 2 s of one lead at 100 Hz."""
    signal = 0.5 * np.sin(np.arange(200) / 7)
    for name in ("n01.edf", "more/n02.EDF"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        lead = pyedflib.highlevel.make_signal_header("ECG", "mV", 100, physical_min=-1, physical_max=1)
        pyedflib.highlevel.write_edf(str(path.with_suffix(".edf")), [signal], [lead])
        path.with_suffix(".edf").rename(path)
    return tmp_path


def test_recordings_meet_their_labels(nights):
    (nights / "labels.csv").write_text("record;label;split\nmore/n02;b;test\nn01.edf;a;train\n")
    frame = check_manifest(edf_folder(nights), "edf")
    assert frame["id"].tolist() == ["more/n02", "n01"]
    assert frame["split"].tolist() == ["test", "train"]
    assert frame["path"].tolist() == [str(nights / "more" / "n02.EDF"), str(nights / "n01.edf")]


def test_all_differences_are_listed(nights):
    (nights / "labels.csv").write_text("record,label\nn01,a\nn02,b\n")
    with pytest.raises(DataError, match=r"dataset 'edf'.* differ in 2 places") as error:
        edf_folder(nights)
    assert error.value.details == (
        f"labels.csv, row 2: there is no recording 'n02' (.edf or .bdf) in {nights}",
        f"{nights / 'more' / 'n02.EDF'} has no row in labels.csv",
    )


def test_the_recordings_can_be_read(nights):
    (nights / "labels.csv").write_text("record,label\nmore/n02,b\nn01,a\n")
    recordings = FileRecordings(check_manifest(edf_folder(nights), "edf"))
    assert recordings.header("more/n02").channel_names == ("ECG",)
    expected = 0.5 * np.sin(np.arange(50, 60) / 7)
    np.testing.assert_allclose(recordings.read("more/n02", 50, 60)[0], expected, atol=1e-4)


def test_bdf_recordings_stand_beside_edf_ones(nights):
    signal = 0.5 * np.sin(np.arange(200) / 7)
    lead = pyedflib.highlevel.make_signal_header(
        "ECG", "mV", 100, physical_min=-1, physical_max=1, digital_min=-(2**23), digital_max=2**23 - 1
    )
    kind = pyedflib.FILETYPE_BDFPLUS
    pyedflib.highlevel.write_edf(str(nights / "n03.bdf"), [signal], [lead], file_type=kind)
    (nights / "labels.csv").write_text("record,label\nmore/n02,b\nn01.edf,a\nn03.bdf,a\n")
    frame = check_manifest(edf_folder(nights), "edf")
    assert frame["id"].tolist() == ["more/n02", "n01", "n03"]
    np.testing.assert_allclose(FileRecordings(frame).read("n03", 0, 200)[0], signal, atol=1e-6)


def test_two_formats_of_one_name_are_refused(nights):
    (nights / "n01.bdf").touch()
    (nights / "labels.csv").write_text("record,label\nmore/n02,b\nn01,a\n")
    with pytest.raises(DataError) as error:
        edf_folder(nights)
    assert error.value.details == (f"{nights / 'n01.edf'} and {nights / 'n01.bdf'} have one name; rename one of them",)
