import numpy as np
import pytest

from fusionkit.data.readers import read_header, read_samples
from fusionkit.errors import DataError

WIDTHS = (16, 80, 8, 8, 8, 8, 8, 80, 8, 32)
SIGNALS = [("I", "", "uV", -100, 100, -1000, 1000, "", 5, ""), ("EDF Annotations", "", "", -1, 1, -9, 9, "", 2, "")]
SAMPLES = np.arange(21, dtype="<i2")  # three data records of 5 + 2 samples


def edf(path, signals=SIGNALS, records=3, seconds=0.5, kind="EDF+C", samples=SAMPLES):
    count = len(signals)
    fixed = (
        f"{0:<8}{'X':<80}{'X':<80}01.01.0101.01.01{256 * (count + 1):<8}{kind:<44}{records:<8}{seconds:<8}{count:<4}"
    )
    columns = [f"{row[place]:<{width}}" for place, width in enumerate(WIDTHS) for row in signals]
    path.write_bytes((fixed + "".join(columns)).encode() + samples.tobytes())
    return path


def changed(place, value):
    row = list(SIGNALS[0])
    row[place] = value
    return [tuple(row), SIGNALS[1]]


def test_annotations_are_left_out_and_slices_cross_data_records(tmp_path):
    path = edf(tmp_path / "a.edf")
    header = read_header(path)
    assert (header.channels, header.samples, header.sample_rate, header.units) == (1, 15, 10.0, ("mV",))
    expected = np.array([[0, 1, 2, 3, 4, 7, 8, 9, 10, 11, 14, 15, 16, 17, 18]]) * 0.1e-3
    for start in range(15):
        for stop in range(start + 1, 16):
            np.testing.assert_allclose(read_samples(path, start, stop), expected[:, start:stop], rtol=1e-6, atol=1e-9)


def test_an_unknown_number_of_data_records_comes_from_the_size(tmp_path):
    assert read_header(edf(tmp_path / "a.edf", records=-1)).samples == 15


def signal(label, count):
    return (label, "", "Pa", -1000, 1000, -1000, 1000, "", count, "")


@pytest.mark.parametrize(
    ("counts", "kept", "notes"),
    [
        ((2, 3, 2), ("A", "C"), ("channel B at 6 Hz is left out: those of 4 Hz are read",)),
        ((5, 2), ("A",), ("channel B at 4 Hz is left out: those of 10 Hz are read",)),
        ((2, 5), ("B",), ("channel A at 4 Hz is left out: those of 10 Hz are read",)),
        (
            (1, 3, 3),
            ("B", "C"),
            ("channel A at 2 Hz is left out: those of 6 Hz are read",),
        ),
    ],
)
def test_channels_of_the_most_common_rate_are_read(tmp_path, counts, kept, notes):
    samples = np.arange(3 * sum(counts), dtype="<i2")
    path = edf(tmp_path / "a.edf", [signal("ABC"[place], count) for place, count in enumerate(counts)], samples=samples)
    header = read_header(path)
    assert (header.channel_names, header.notes) == (kept, notes)
    stops = np.cumsum(counts)
    expected = []
    for place, count in enumerate(counts):
        if "ABC"[place] in kept:
            records = samples.reshape(3, -1)[:, stops[place] - count : stops[place]]
            expected.append(records.ravel())
    assert header.samples == len(expected[0])
    assert header.sample_rate == len(expected[0]) / 1.5
    np.testing.assert_allclose(read_samples(path, 1, header.samples), np.array(expected)[:, 1:], rtol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"records": 4}, "declares 4 data records of 14 bytes, its samples take 42"),
        ({"records": 99999999}, "declares 99999999 data records"),
        ({"records": -2}, "declares -2 data records"),
        ({"records": -1, "samples": SAMPLES[:-1]}, "declares 2 data records of 14 bytes, its samples take 40"),
        ({"records": "x"}, "data records is b'x       '; expected a number"),
        ({"records": 1.5}, "data records is 1.5; expected a whole number"),
        ({"seconds": 0}, "a data record of 0 s"),
        ({"seconds": "nan"}, "expected a number"),
        ({"kind": "EDF+D"}, "with gaps"),
        ({"signals": changed(3, 100)}, "two different physical bounds"),
        ({"signals": changed(5, 1000)}, "digital maximum above the minimum"),
        ({"signals": changed(8, 0)}, "holds 0 samples of a signal"),
        ({"signals": [*SIGNALS, ("V", "", "mV", -1, 1, -9, 9, "", 7, "")]}, "take 42"),
        ({"signals": [SIGNALS[1]], "samples": SAMPLES[:6]}, "annotations only"),
    ],
)
def test_a_bad_header_is_refused_in_one_line(tmp_path, options, message):
    path = edf(tmp_path / "a.edf", **options)
    with pytest.raises(DataError, match=message) as error:
        read_header(path)
    assert str(error.value).startswith(f"{path}: ")
    assert str(error.value).isprintable()


def test_every_truncation_is_refused(tmp_path):
    path = edf(tmp_path / "a.edf")
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(DataError):
            read_header(path)
