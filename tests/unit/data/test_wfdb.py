import struct

import numpy as np
import pytest

from fusionkit.data.readers import read_header, read_samples, recording_files, verify_recording
from fusionkit.data.wfdb_annotations import read_annotations
from fusionkit.data.wfdb_header import read_wfdb_header
from fusionkit.errors import DataError

HEADER = "r 2 360 4\nr.dat 16 200(10)/mV 16 0 1 -5 0 II\nr.dat 16 2/uV 16 0 2 30 0 V\n# 63 M\n"
VALUES = np.array([[1, -2], [30, 4], [-32768, 6], [7, 8]], dtype="<i2")


@pytest.fixture
def record(tmp_path):
    (tmp_path / "r.hea").write_text(HEADER)
    VALUES.tofile(tmp_path / "r.dat")
    return tmp_path / "r.hea"


def refused(path, message):
    with pytest.raises(DataError, match=message) as error:
        read_samples(path, 0, read_header(path).samples)
    assert str(error.value).startswith(f"{path}: ")
    assert str(error.value).isprintable()


def test_physical_values_missing_samples_and_units(record):
    header = read_header(record)
    assert (header.channels, header.samples, header.sample_rate) == (2, 4, 360.0)
    assert header.channel_names == ("II", "V")
    assert header.units == ("mV", "mV")
    assert header.notes == ("channel V: uV converted to mV",)
    expected = [[-9 / 200, 20 / 200, np.nan, -3 / 200], [-2 / 2000, 4 / 2000, 6 / 2000, 8 / 2000]]
    np.testing.assert_allclose(read_samples(record, 0, 4), expected, rtol=1e-6)
    np.testing.assert_allclose(read_samples(record, 1, 3), np.array(expected)[:, 1:3], rtol=1e-6)


def test_comments_and_files(record):
    assert read_wfdb_header(record).comments == ("63 M",)
    assert recording_files(record) == (record, record.with_suffix(".dat"))


def test_signals_may_lie_in_several_files_and_behind_an_offset(tmp_path):
    (tmp_path / "r.hea").write_text("r 2 100 3\na.dat 16+2 1/NU\nb.dat 80 1/NU\n")
    np.array([99, 1, 2, 3], dtype="<i2").tofile(tmp_path / "a.dat")
    np.array([127, 128, 129], dtype="u1").tofile(tmp_path / "b.dat")
    header = read_header(tmp_path / "r.hea")
    assert (header.channel_names, header.units) == (("0", "1"), ("NU", "NU"))
    np.testing.assert_array_equal(read_samples(tmp_path / "r.hea", 0, 3), [[1, 2, 3], [-1, 0, 1]])


def test_a_missing_gain_is_assumed_and_said_and_equal_names_are_numbered(record):
    record.write_text("r 2 360 4\nr.dat 16 0 16 0 0 0 0 V1\nr.dat 16 0 16 0 0 0 0 V1\n")
    header = read_header(record)
    assert header.channel_names == ("V1#1", "V1#2")
    assert header.notes[0] == "channel V1#1: has no gain; 200 ADC units a mV assumed"
    np.testing.assert_allclose(read_samples(record, 0, 1), [[1 / 200], [-2 / 200]], rtol=1e-6)


def test_a_changed_byte_fails_the_checksum(record):
    sums = VALUES.sum(axis=0, dtype=np.int64)
    record.write_text(HEADER.replace("-5 0 II", f"{sums[0]} 0 II").replace("30 0 V", f"{sums[1]} 0 V"))
    assert verify_recording(record) == ()
    content = bytearray(record.with_suffix(".dat").read_bytes())
    content[2] ^= 16
    record.with_suffix(".dat").write_bytes(content)
    (fault,) = verify_recording(record)
    assert fault.startswith("signal V in r.dat has the checksum")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "360 4",
            "360 99999999999",
            "declares 99999999999 samples of 2 signals in r.dat, 399999999996 bytes; the file",
        ),
        ("360 4", "360 3", "12 bytes; the file holds 16"),
        ("360 4", "360 5", "20 bytes; the file holds 16"),
        ("360 4", "360", "does not state its sample rate and number of samples"),
        ("360 4", "0 4", "sample rate of 0 Hz"),
        ("360 4", "-360 4", "sample rate of -360 Hz"),
        ("360 4", "1e30 4", "sample rate of 1e[+]30 Hz"),
        ("360 4", "1e999 4", "sample rate of inf Hz"),
        ("r 2", "r 3", "declares 3 signals, but describes 2"),
        ("r 2", "r/2 2", "several segments"),
        ("r.dat", "../r.dat", "file name in the folder"),
        ("r.dat", "/etc/passwd", "file name in the folder"),
        ("r.dat", "http://example.org/r.dat", "file name in the folder"),
        ("r.dat", "-", "file name in the folder"),
        ("r.dat", "gone.dat", "signal file gone.dat is missing"),
        ("r.dat 16 2/uV", "r.dat 80 2/uV", "different formats or offsets"),
        ("r.dat 16", "r.dat 8", "format 8; read are 16, 24"),
        ("dat 16 200", "dat 16x2 200", "several samples a frame or a skew"),
        ("dat 16 200", "dat 16:3 200", "several samples a frame or a skew"),
        ("200(10)/mV", "many", "gain 'many'"),
        ("200(10)/mV", "1e999", "gain '1e999'; expected a finite number"),
        ("16 0 1 -5", "16 0 x -5", "'x'; expected a whole number"),
        ("r.dat 16 200", "r.dat sixteen 200", "signal 0 is not understood"),
        (HEADER, "# nothing\n", "is no WFDB header"),
        (HEADER, "\0\1\2\n\n", "is no WFDB header"),
    ],
)
def test_a_bad_header_is_refused_in_one_line(record, old, new, message):
    record.write_text(HEADER.replace(old, new))
    refused(record, message)


def words(*values):
    return struct.pack(f"<{len(values)}H", *values)


def test_annotations_with_every_attribute(tmp_path):
    path = tmp_path / "r.atr"
    path.write_bytes(
        words(28 << 10 | 18, 63 << 10 | 3) + b"(N\0\0" + words(1 << 10 | 5, 61 << 10 | 1, 62 << 10 | 1, 60 << 10 | 2)
        + words(59 << 10, 1, 0, 5 << 10 | 1, 59 << 10, 0xFFFF, 0xFFFF, 42 << 10, 0)
    )  # fmt: skip
    found = read_annotations(path)
    assert found.samples.tolist() == [18, 23, 23 + 65536 + 1, 23 + 65536]
    assert found.symbols.tolist() == ["+", "N", "V", "[42]"]
    assert found.notes == ("(N", "", "", "")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "truncated"),
        (words(1 << 10 | 5), "no end mark after 1 annotations"),
        (words(1 << 10 | 5, 63 << 10 | 9, 0), "byte 2 is no annotation"),
        (words(59 << 10, 1), "byte 0 is no annotation"),
        (words(63 << 10 | 1, 5, 0), "byte 0 is no annotation"),
        (words(55 << 10 | 1, 0), "byte 0 is no annotation"),
        (words(59 << 10, 0xFFFF, 0xFFF0, 1 << 10, 0), "annotation 0 stands at sample -16"),
    ],
)
def test_damaged_annotations_are_refused(tmp_path, content, message):
    (tmp_path / "r.atr").write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_annotations(tmp_path / "r.atr")


def test_missing_files_are_named(tmp_path):
    for read in (read_annotations, read_wfdb_header):
        with pytest.raises(DataError, match="No such file"):
            read(tmp_path / "none")
