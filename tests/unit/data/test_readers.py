import struct
import wave

import numpy as np
import pytest
import soundfile

from fusionkit.data.readers import read_header, read_samples
from fusionkit.errors import DataError


@pytest.fixture
def pcm(tmp_path):
    path = tmp_path / "sound.wav"
    values = np.random.default_rng(0).integers(-32768, 32767, (300, 2), dtype=np.int16)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(2000)
        file.writeframes(values.tobytes())
    return path, values.T / 32768


def test_wav_agrees_with_the_standard_library(pcm):
    path, expected = pcm
    header = read_header(path)
    assert (header.channels, header.samples, header.sample_rate) == (2, 300, 2000.0)
    assert header.channel_names == ("0", "1")
    samples = read_samples(path, 20, 250)
    assert samples.dtype == np.float32
    np.testing.assert_array_equal(samples, expected[:, 20:250])


def test_flac_and_upper_case_suffix_are_read(pcm, tmp_path):
    _, expected = pcm
    soundfile.write(tmp_path / "sound.FLAC", expected.T, 2000, subtype="PCM_16", format="FLAC")
    np.testing.assert_array_equal(read_samples(tmp_path / "sound.FLAC", 0, 300), expected)


def one_line(path, message):
    with pytest.raises(DataError, match=message) as error:
        read_samples(path, 0, read_header(path).samples)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


def test_every_truncation_is_reported(pcm):
    path, _ = pcm
    whole = path.read_bytes()
    for size in range(0, len(whole) - 1, 20):
        path.write_bytes(whole[:size])
        one_line(path, "truncated|damaged|empty|not a WAV")


def test_a_truncated_flac_is_not_shortened(pcm, tmp_path):
    _, expected = pcm
    path = tmp_path / "sound.flac"
    soundfile.write(path, expected.T, 2000)
    path.write_bytes(path.read_bytes()[:-200])
    one_line(path, "truncated|cannot be read")


def test_no_changed_header_byte_shortens_or_crashes(pcm):
    path, expected = pcm
    whole = path.read_bytes()
    read = 0
    for position in range(44):
        for value in range(0, 256, 15):
            path.write_bytes(whole[:position] + bytes([value]) + whole[position + 1 :])
            try:
                header = read_header(path)
                samples = read_samples(path, 0, header.samples)
            except DataError as error:
                assert "\n" not in str(error)  # noqa: PT017
                continue
            read += 1
            np.testing.assert_array_equal(samples, expected)
    assert read


def test_a_header_that_claims_4_gib_is_refused_unread(pcm):
    path, _ = pcm
    whole = path.read_bytes()
    path.write_bytes(whole[:40] + struct.pack("<I", 0xFFFFFFFF) + whole[44:])
    one_line(path, "declares 4294967295 bytes of samples, it holds 1200")


def test_chunks_around_the_samples_and_long_headers_are_understood(pcm):
    path, expected = pcm
    whole = path.read_bytes()
    note = b"LIST" + struct.pack("<I", 5) + b"hello\0"
    path.write_bytes(whole[:36] + note + whole[36:] + note)
    np.testing.assert_array_equal(read_samples(path, 0, read_header(path).samples), expected)
    for container in ("RF64", "WAVEX"):
        soundfile.write(path, expected.T, 2000, format=container, subtype="PCM_16")
        np.testing.assert_array_equal(read_samples(path, 0, read_header(path).samples), expected)


def test_big_endian_and_compressed_wav_are_read(pcm):
    path, expected = pcm
    soundfile.write(path, expected.T, 2000, format="WAV", subtype="PCM_16", endian="BIG")
    np.testing.assert_array_equal(read_samples(path, 0, read_header(path).samples), expected)
    soundfile.write(path, expected.T, 2000, format="WAV", subtype="IMA_ADPCM")
    assert read_header(path).samples >= 300


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.wav", b"", r"is empty \(0 bytes\)"),
        ("a.wav", b"RIFX", "is not a WAV file"),
        ("a.wav", b"some text that is no sound at all", "is not a WAV file"),
        ("a.flac", b"fLaC and then nothing", "cannot be read"),
        ("a.mp3", b"ID3", "no reader for the suffix '.mp3'; known: .bdf, .csv, .edf, .flac, .hea"),
    ],
)
def test_what_is_no_recording_is_named(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    one_line(tmp_path / name, message)


def test_a_missing_file_a_folder_and_no_samples_are_named(tmp_path):
    one_line(tmp_path / "no.wav", "there is no such file")
    (tmp_path / "folder.wav").mkdir()
    one_line(tmp_path / "folder.wav", "there is no such file")
    soundfile.write(tmp_path / "none.wav", np.zeros(0), 2000)
    one_line(tmp_path / "none.wav", "holds no samples")
