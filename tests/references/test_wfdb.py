"""WFDB records against the reader of PhysioNet."""

import warnings
from pathlib import Path

import numpy as np
import pytest

from fusionkit.data.readers import read_header, read_samples, verify_recording
from fusionkit.data.wfdb_annotations import read_annotations
from fusionkit.data.wfdb_header import read_wfdb_header

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # wfdb warns of its own use of pandas
    import wfdb

pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword")
RNG = np.random.default_rng(0)
BITS = {"16": 16, "24": 24, "32": 32, "61": 16, "80": 8, "160": 16, "212": 12, "310": 10, "311": 10}


def agree(path: Path, start: int = 0, stop: int | None = None) -> None:
    header = read_header(path)
    stop = header.samples if stop is None else stop
    reference = wfdb.rdrecord(str(path.with_suffix("")), sampfrom=start, sampto=stop)
    assert header.sample_rate == reference.fs
    assert header.channels == reference.n_sig
    samples = read_samples(path, start, stop)
    assert samples.dtype == np.float32
    np.testing.assert_allclose(samples, reference.p_signal.T, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", ["mitdb", "wfdb_samples"])
def test_real_records_agree_and_their_checksums_hold(real_data, name):
    headers = sorted(real_data(name).glob("*.hea"))
    assert len(headers) == {"mitdb": 48, "wfdb_samples": 3}[name]
    for path in headers:
        agree(path)
        agree(path, 30_001, 33_333)
        assert verify_recording(path) == ()


def test_real_annotations_agree(real_data):
    paths = sorted(real_data("mitdb").glob("*.atr"))
    assert len(paths) == 48
    for path in paths:
        found, reference = read_annotations(path), wfdb.rdann(str(path.with_suffix("")), "atr")
        np.testing.assert_array_equal(found.samples, reference.sample)
        assert found.symbols.tolist() == reference.symbol
        assert found.notes == tuple(note.rstrip("\0") for note in reference.aux_note)


def write_record(folder: Path, fmt: str, channels: int, samples: int, **options) -> Path:
    """Write a record with wfdb, or, where it cannot write the format, bytes of any value under a header of its own."""
    path = folder / "r.hea"
    if fmt in ("16", "24", "32", "80", "212"):
        high = 1 << (BITS[fmt] - 1)
        digital = RNG.integers(-high, high, (samples, channels))
        digital[0, 0] = -high
        names = [f"c{channel}" for channel in range(channels)]
        wfdb.wrsamp(
            "r",
            fs=250,
            units=["mV"] * channels,
            sig_name=names,
            d_signal=digital,
            fmt=[fmt] * channels,
            adc_gain=[200.0 + channel for channel in range(channels)],
            baseline=[7] * channels,
            write_dir=str(folder),
        )
        return path
    size = {"61": 2, "160": 2, "310": 4 / 3, "311": 4 / 3}[fmt] * samples * channels
    content = np.frombuffer(RNG.bytes(int(size)), np.uint8).copy()
    if fmt == "311":
        content[3::4] &= 0x3F  # the two highest bits of a block are not used
    content.tofile(folder / "r.dat")
    line = f"r.dat {fmt} 200(7)/mV {BITS[fmt]} 0 0 0 0 lead"
    path.write_text(f"r {channels} 250 {samples}\n" + f"{line}\n" * channels)
    return path


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("fmt", list(BITS))
def test_every_format_agrees_at_every_offset(tmp_path, fmt, channels):
    path = write_record(tmp_path, fmt, channels, 36)
    agree(path)
    for start in range(8):
        for stop in (start + 1, start + 2, start + 7, 36):
            agree(path, start, stop)


def test_an_odd_number_of_samples_in_format_212_agrees(tmp_path):
    path = write_record(tmp_path, "212", 1, 37)
    agree(path)
    agree(path, 36, 37)


def test_checksums_initial_values_and_gains_are_those_of_wfdb(tmp_path):
    path = write_record(tmp_path, "212", 3, 40)
    ours, reference = read_wfdb_header(path), wfdb.rdheader(str(path.with_suffix("")))
    assert [signal.checksum for signal in ours.signals] == reference.checksum
    assert [signal.initial_value for signal in ours.signals] == reference.init_value
    assert [signal.gain for signal in ours.signals] == reference.adc_gain
    assert [signal.baseline for signal in ours.signals] == reference.baseline
    assert [signal.name for signal in ours.signals] == reference.sig_name
    assert (ours.record, ours.samples, ours.sample_rate) == ("r", 40, 250.0)
    assert verify_recording(path) == ()


def test_written_annotations_agree(tmp_path):
    samples = np.array([0, 5, 1030, 2_000_000, 2_000_001])
    symbols, notes = ["+", "N", "/", "V", '"'], ["(AFIB", "", "", "", "odd"]
    wfdb.wrann(
        "r", "atr", samples, symbols, aux_note=notes, subtype=np.array([0, 1, 0, 2, 0]), chan=np.array([0, 1, 0, 0, 1]),
        num=np.array([0, 0, 3, 0, 0]), write_dir=str(tmp_path),
    )  # fmt: skip
    found = read_annotations(tmp_path / "r.atr")
    np.testing.assert_array_equal(found.samples, samples)
    assert found.symbols.tolist() == symbols
    assert found.notes == tuple(notes)
