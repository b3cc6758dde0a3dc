from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fusionkit.data.manifest import check_manifest
from fusionkit.data.recordings import FileRecordings
from fusionkit.data.scan import scan
from fusionkit.data.settings import DataSettings
from fusionkit.data.windows import WindowReader, plan_windows
from fusionkit.datasets.mitbih import mitbih
from fusionkit.errors import DataError, ResourceError

CODES = {"N": 1, "L": 2, "V": 5, "F": 6, "A": 8, "E": 10, "/": 12, "~": 14, "+": 28}
PEAKS = [18, 40, 300, 420, 520, 700, 1060, 1160, 1790]
SYMBOLS = ["+", "N", "A", "V", "~", "F", "/", "L", "E"]
BEATS = [40, 300, 420, 700, 1060, 1160, 1790]


def _write_annotations(path, samples, symbols):
    """Words of 16 bits: the code in the upper 6, the samples since the last annotation in the lower 10; 0 ends them."""
    gaps = np.diff([0, *samples])
    words = [CODES[symbol] << 10 | int(gap) for symbol, gap in zip(symbols, gaps, strict=True)]
    path.write_bytes(np.array([*words, 0], dtype="<u2").tobytes())


def _write(folder, record, leads=("MLII", "V1"), seed=0):
    """Write a record of 5 s and return its samples in ADC units."""
    samples = np.random.default_rng(seed).integers(-800, 800, (1800, 2)).astype("<i2")
    (folder / f"{record}.dat").write_bytes(samples.tobytes())
    lines = [f"{record} 2 360 1800"]
    for column, lead in enumerate(leads):
        checksum = np.int64(samples[:, column].sum()).astype(np.int16)
        lines.append(f"{record}.dat 16 200 16 0 {samples[0, column]} {checksum} 0 {lead}")
    (folder / f"{record}.hea").write_text("\n".join(lines) + "\n")
    _write_annotations(folder / f"{record}.atr", PEAKS, SYMBOLS)
    return samples


@pytest.fixture
def root(tmp_path):
    for number, record in enumerate(("100", "102", "201", "202")):
        _write(tmp_path, record, ("V5", "V2") if record == "102" else ("MLII", "V1"), number)
    return tmp_path


def test_a_row_a_beat(root):
    frame = check_manifest(mitbih(root, missing="skip"), "mitbih")
    rows = frame[frame["record"] == "100"]
    assert rows["id"].tolist() == [f"100/{peak:06d}" for peak in BEATS]
    assert rows["label"].tolist() == ["N", "S", "V", "F", "Q", "N", "V"]
    assert rows["symbol"].tolist() == ["N", "A", "V", "F", "/", "L", "E"]
    assert dict(zip(frame["record"], frame["subject"], strict=True)) == {"100": "100", "201": "201", "202": "201"}
    assert dict(zip(frame["record"], frame["split"], strict=True)) == {"100": "test", "201": "train", "202": "test"}
    assert "leaks" not in frame.attrs
    assert "104" not in frame.attrs["cautions"][0]
    assert "records 101, 103, " in frame.attrs["cautions"][0]


def test_windows_hold_the_peak_where_it_belongs_or_move_inside(root):
    samples = _write(root, "100", seed=9)
    frame = check_manifest(mitbih(root, missing="skip", before=0.25, after=0.5), "mitbih")
    frame = frame[frame["record"] == "100"].reset_index(drop=True)
    settings = DataSettings(spec="mitbih", channels=("MLII",))
    recordings = FileRecordings(frame)
    scanned = scan(recordings, settings)
    reader = WindowReader(recordings, scanned)
    windows = plan_windows(scanned, settings)
    for peak, window in zip(BEATS, windows.to_dict("records"), strict=True):
        first = min(max(peak - 90, 0), 1800 - 270)
        np.testing.assert_allclose(reader.read(window)[0], samples[first : first + 270, 0] / 200, atol=1e-6)


def test_paced_records_and_the_class_q_are_a_choice(root):
    assert set(mitbih(root, missing="skip", paced=True)["record"]) == {"100", "102", "201", "202"}
    frame = mitbih(root, missing="skip", classes="aami4")
    assert frame.attrs["classes"] == ("N", "S", "V", "F")
    assert set(frame["label"]) == {"N", "S", "V", "F"}


def test_the_form_of_the_public_csvs(root):
    samples = _write(root, "100", seed=9)[:, 0]
    frame = check_manifest(mitbih(root, form="kachuee", missing="skip"), "mitbih")
    frame = frame[frame["record"] == "100"].reset_index(drop=True)
    assert frame["id"].tolist() == [f"100/{peak:06d}" for peak in BEATS[:-1]]
    recordings = FileRecordings(frame)
    settings = DataSettings(spec="mitbih")
    scanned = scan(recordings, settings)
    assert (scanned.signal.samples, scanned.signal.sample_rate) == (187, 125.0)
    reader = WindowReader(recordings, scanned)
    windows = plan_windows(scanned, settings)
    for peak, window in zip(BEATS[:-1], windows.to_dict("records"), strict=True):
        following = PEAKS.index(peak) + 1
        gap = PEAKS[following + 1] - PEAKS[following] if following + 1 < len(PEAKS) else PEAKS[-1] - peak
        stop = PEAKS[following] + int(0.2 * gap)
        stretch = [float(samples[place]) for place in range(peak, min(stop, 1800), 3)]
        scaled = [(value - min(stretch)) / (max(stretch) - min(stretch)) for value in stretch][:187]
        np.testing.assert_allclose(reader.read(window)[0], scaled + [0.0] * (187 - len(scaled)), atol=1e-7)


def test_derived_beats_are_kept_and_a_damaged_file_is_derived_anew(root):
    first = mitbih(root, form="kachuee", missing="skip")
    again = mitbih(root, form="kachuee", missing="skip")
    pd.testing.assert_frame_equal(first, again)
    store = Path(first["path"][0])
    content = store.read_bytes()
    store.write_bytes(content[:-4] + b"\x01\x02\x03\x04")
    mitbih(root, form="kachuee", missing="skip")
    assert store.read_bytes() == content


def test_a_cache_that_cannot_be_written_is_told(root, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("FUSIONKIT_CACHE", str(tmp_path / "file"))
    with pytest.raises(ResourceError, match="FUSIONKIT_CACHE"):
        mitbih(root, form="kachuee", missing="skip")


def test_absent_and_damaged_records_are_all_named(root):
    (root / "100.dat").unlink()
    (root / "201.hea").write_text("no header\n")
    with pytest.raises(DataError) as error:
        mitbih(root)
    assert len(error.value.details) == 2 + 41
    assert f"{root / '100.dat'} is absent" in error.value.details
    assert sum("201.hea" in line for line in error.value.details) == 1
    assert "record 234 is absent" in error.value.details


@pytest.mark.parametrize("form", ["beat", "kachuee"])
@pytest.mark.parametrize(
    ("peaks", "symbols", "found"), [([900, 1800], "NN", "2 beats up to sample 1800"), ([9, 90], "N~", "1 beats")]
)
def test_annotations_that_do_not_fit_the_record_are_refused(root, form, peaks, symbols, found):
    _write_annotations(root / "100.atr", peaks, symbols)
    with pytest.raises(DataError) as error:
        mitbih(root, missing="skip", form=form)
    assert len(error.value.details) == 1
    assert error.value.details[0].startswith(f"{root / '100.atr'}: has {found}")


def test_a_beat_longer_than_the_record_is_refused(root):
    with pytest.raises(DataError) as error:
        mitbih(root, missing="skip", after=6.0)
    assert len(error.value.details) == 3


def test_the_counts_of_the_whole_database(real_data):
    frame = mitbih(real_data("mitdb"), paced=True)
    counts = {part: rows["label"].value_counts().to_dict() for part, rows in frame.groupby("split")}
    assert counts["train"] == {"N": 45866, "S": 944, "V": 3788, "F": 415, "Q": 8}
    assert counts["test"] == {"N": 44259, "S": 1837, "V": 3221, "F": 388, "Q": 7}
    assert frame["label"].value_counts().to_dict() == {"N": 90631, "S": 2781, "V": 7236, "F": 803, "Q": 8043}
    assert frame["subject"].nunique() == 47
    assert len(mitbih(real_data("mitdb"))) == 100733


def test_the_public_csv_is_made_anew_to_the_last_bit(real_data):
    frame = mitbih(real_data("mitdb"), form="kachuee", paced=True)
    # Published rows of train and test together.
    assert frame["label"].value_counts().to_dict() == {
        "N": 72471 + 18118, "S": 2223 + 556, "V": 5788 + 1448, "F": 641 + 162, "Q": 6431 + 1608,
    }  # fmt: skip
    made = {
        beat.tobytes()
        for path in frame["path"].unique()
        for beat in np.load(path).reshape(-1, 187)
    }  # fmt: skip
    table = pd.read_csv(real_data("kachuee_excerpt") / "mitbih_test.csv", index_col=0)
    published = table.to_numpy(np.float32)[:, :187]
    assert len(published) == 999
    assert all(row.tobytes() in made for row in published)
