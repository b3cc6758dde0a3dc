import numpy as np
import pytest
import soundfile

from fusionkit.data.manifest import check_manifest
from fusionkit.data.recordings import FileRecordings
from fusionkit.data.scan import scan
from fusionkit.data.settings import DataSettings
from fusionkit.datasets.hits import hits
from fusionkit.errors import DataError

TABLE = """\
recording,subject,start,stop,label,split
p01,s1,0.5,0.75,solid,train
p01,s1,1.0,1.25,artifact,train
p02,s2,,,gaseous,test
p02,s2,0.25,0.5,unknown,test
"""


@pytest.fixture
def copy(tmp_path):
    (tmp_path / "recordings").mkdir()
    for seed, name in enumerate(("p01", "p02")):
        signal = np.random.default_rng(seed).uniform(-0.5, 0.5, (11000, 2))
        soundfile.write(tmp_path / "recordings" / f"{name}.wav", signal, 5500)
    (tmp_path / "labels.csv").write_text(TABLE)
    return tmp_path


def test_events_are_segments_and_unknown_ones_are_counted(copy):
    frame = hits(copy)
    assert frame.attrs["classes"] == ("artifact", "gaseous", "solid")
    assert frame.attrs["cautions"] == ("1 of 4 events have the label unknown and are left out.",)
    frame = check_manifest(frame, "hits")
    assert frame["id"].tolist() == ["p01@0.5", "p01@1.0", "p02"]
    assert frame["label"].tolist() == ["solid", "artifact", "gaseous"]
    assert frame["subject"].tolist() == ["s1", "s1", "s2"]
    result = scan(FileRecordings(frame), DataSettings(duration=0.25))
    assert str(result.signal) == "2x1375@5500"
    assert result.channels == ("toward", "away")
    np.testing.assert_allclose(result.records["stop"], [0.75, 1.25, 2.0])


def test_quadrature_channels(copy):
    assert set(hits(copy, output="quadrature")["channels"]) == {"I,Q"}


def test_without_unknown_events_there_is_no_caution(copy):
    (copy / "labels.csv").write_text(TABLE.replace("unknown", "solid"))
    assert "cautions" not in hits(copy).attrs


def test_other_labels_are_listed(copy):
    (copy / "labels.csv").write_text(TABLE.replace("gaseous", "gas").replace("solid", "Solid"))
    with pytest.raises(DataError, match="2 other labels than artifact, gaseous, solid and unknown") as error:
        hits(copy)
    assert error.value.details == (
        "labels.csv, row 1 (p01@0.5): label is 'Solid'",
        "labels.csv, row 3 (p02): label is 'gas'",
    )


def test_recordings_and_rows_must_meet(copy):
    (copy / "labels.csv").write_text(TABLE.replace("p02", "p03"))
    with pytest.raises(DataError, match="differ in 3 places") as error:
        hits(copy)
    assert error.value.details[-1] == f"{copy / 'recordings' / 'p02.wav'} has no row in labels.csv"


def test_subjects_are_needed(copy):
    (copy / "labels.csv").write_text(TABLE.replace("subject", "patient"))
    with pytest.raises(DataError, match="no column 'subject'"):
        hits(copy)


def test_one_channel_is_refused(copy):
    soundfile.write(copy / "recordings" / "p02.wav", np.linspace(-0.5, 0.5, 11000), 5500)
    with pytest.raises(DataError, match="1 of 3 recordings cannot be used") as error:
        scan(FileRecordings(check_manifest(hits(copy), "hits")), DataSettings(duration=0.25))
    assert "has 1 channels, but the manifest names 'toward,away'" in error.value.details[0]
