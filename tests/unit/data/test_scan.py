import numpy as np
import pandas as pd
import pytest
import soundfile

from fusionkit.data.recordings import ArrayRecordings, FileRecordings
from fusionkit.data.scan import scan
from fusionkit.data.settings import DataSettings
from fusionkit.errors import DataError


@pytest.fixture
def recordings(tmp_path, wav, noise):
    """Write files given by name as a signal or as bytes; the others are right."""

    def make(**files) -> FileRecordings:
        rows = []
        for number, (name, value) in enumerate(({"good1": 200, "good2": 200} | files).items()):
            path = tmp_path / f"{name}.wav"
            if isinstance(value, bytes):
                path.write_bytes(value)
            else:
                wav(path.name, noise(value, number) if isinstance(value, int) else value)
            rows.append({"id": name, "path": str(path), "label": "x"})
        return FileRecordings(pd.DataFrame(rows))

    return make


def with_value(value, positions=(3, 4)):
    signal = np.random.default_rng(1).uniform(-0.5, 0.5, 200).astype(np.float32)
    signal[list(positions)] = value
    return signal


def test_good_recordings_pass_with_their_facts(recordings):
    progress = []
    result = scan(recordings(), DataSettings(), progress=lambda done, total: progress.append((done, total)))
    assert (str(result.signal), result.channels) == ("1x200@100", ("0",))
    assert result.records["id"].tolist() == ["good1", "good2"]
    assert result.records["stop"].tolist() == [2.0, 2.0]
    assert result.records["content"].nunique() == 2
    assert (result.problems, result.warnings) == ((), ())
    assert progress == [(1, 2), (2, 2)]


BAD = {
    "empty": (b"", "is empty (0 bytes)"),
    "text": (b"this is no sound, whatever its name says", "is not a WAV file"),
    "nan": (with_value(np.nan), "has 2 samples of 200 that are NaN or infinite"),
    "inf": (with_value(-np.inf, (7,)), "has 1 samples of 200 that are NaN or infinite"),
    "zero": (np.zeros(200, np.float32), "is constant: every sample is 0"),
    "flat": (np.full(200, 0.25, np.float32), "is constant: every sample is 0.25"),
    "tiny": (5, "lasts 0.05 s, less than a tenth of the window of 1 s"),
    "stereo": (np.random.default_rng(2).uniform(-0.5, 0.5, (2, 200)), "has the channels 0, 1, most recordings have 0"),
}


def test_all_bad_files_are_named_in_one_pass(recordings, tmp_path):
    with pytest.raises(DataError, match=r"8 of 10 recordings cannot be used; .*--on-bad-file skip") as error:
        scan(recordings(**{name: value for name, (value, _) in BAD.items()}), DataSettings(duration=1.0))
    for name, (_, reason) in BAD.items():
        [line] = [line for line in error.value.details if line.startswith(f"{tmp_path / name}.wav")]
        assert reason in line
    assert "\n" not in error.value.message


def test_bad_files_are_left_out_and_reported(recordings):
    files = recordings(**{name: value for name, (value, _) in BAD.items()})
    result = scan(files, DataSettings(duration=1.0, on_bad_file="skip"))
    assert result.records["id"].tolist() == ["good1", "good2"]
    assert {problem.record for problem in result.problems} == set(BAD)
    assert all(problem.reason for problem in result.problems)


def test_no_usable_recording_is_an_error_under_either_policy(wav):
    path = wav("a.wav", np.zeros(100))
    files = FileRecordings(pd.DataFrame({"id": ["a"], "path": [str(path)]}))
    with pytest.raises(DataError, match="1 of 1 recordings cannot be used; none is left"):
        scan(files, DataSettings(on_bad_file="skip"))


def test_mixed_rates_are_counted_and_can_be_resampled(wav, noise):
    paths = [wav(f"{rate}-{copy}.wav", noise(rate, copy), rate) for rate, copy in ((100, 1), (100, 2), (200, 3))]
    files = FileRecordings(pd.DataFrame({"id": ["a", "b", "c"], "path": list(map(str, paths))}))
    with pytest.raises(DataError, match=r"2 sample rates: 100 Hz \(2\), 200 Hz \(1\); choose one with --sample-rate"):
        scan(files, DataSettings(duration=1.0))
    assert str(scan(files, DataSettings(duration=1.0, sample_rate=50.0)).signal) == "1x50@50"


def test_different_lengths_need_a_duration(recordings):
    files = recordings(short=100, long=400)
    with pytest.raises(DataError, match=r"last from 1 to 4 s \(5 %: 1\.15, median: 2, 95 %: 3\.7\); .*--duration"):
        scan(files, DataSettings())
    assert scan(files, DataSettings(window="whole")).signal.samples == 400
    with pytest.raises(DataError, match="holds no sample"):
        scan(files, DataSettings(duration=0.001))


def test_warnings_tell_of_padding_clipping_copies_and_flat_channels(recordings, noise):
    signal = noise(200, 5, channels=2)
    both = recordings(
        good1=signal,
        good2=np.clip(signal * 4, -1, 1),
        short=signal[:, :60],
        copy=signal,
        lead_off=signal * [[1], [0]],
    )
    text = "\n".join(scan(both, DataSettings(duration=2.0)).warnings)
    share = (np.abs(signal * 4) >= 1).mean()
    assert "1 of 5 recordings are shorter than the window of 2 s and padded with zeros: short" in text
    assert f"1 of 5 recordings are clipped, with this share of their samples at full scale: good2 ({share:.1%})" in text
    assert "2 of 5 recordings have the same samples as another one: good1, copy" in text
    assert "1 of 5 recordings have a constant channel: lead_off" in text


def test_values_beyond_one_are_no_clipping(recordings):
    millivolts = np.round(np.random.default_rng(0).normal(size=200) * 2)
    assert scan(recordings(ecg=millivolts), DataSettings()).warnings == ()


def test_channels_are_chosen_by_name_or_position_and_missing_ones_named(wav, noise):
    paths = [str(wav(f"{name}.wav", noise(100, seed, 2))) for seed, name in enumerate("abc")]
    manifest = pd.DataFrame({"id": ["a", "b", "c"], "path": paths, "channels": ["II,V1", "V1,II", "II,V5"]})
    files = FileRecordings(manifest)
    assert scan(files, DataSettings(channels=("II",))).channels == ("II",)
    with pytest.raises(DataError, match="3 of 3 recordings"):
        scan(files, DataSettings(channels=("1",)))
    with pytest.raises(DataError) as error:
        scan(files, DataSettings(channels=("V1",)))
    assert [line.rpartition(": ")[2] for line in error.value.details] == ["has no channel 'V1'; it has II, V5"]
    skipped = scan(files, DataSettings(on_bad_file="skip"))
    assert (skipped.channels, skipped.records["id"].tolist()) == (("II", "V1"), ["a", "b"])


@pytest.mark.parametrize(("start", "stop", "good"), [(0.0, 1.0, True), (1.5, 2.5, False), (5.0, np.nan, False)])
def test_segments_must_lie_in_the_file(wav, noise, start, stop, good):
    path = str(wav("a.wav", noise(200)))
    files = FileRecordings(pd.DataFrame({"id": ["a"], "path": [path], "start": [start], "stop": [stop]}))
    if good:
        assert scan(files, DataSettings()).signal.samples == 100
    else:
        with pytest.raises(DataError) as error:
            scan(files, DataSettings())
        assert "does not lie in the file of 2 s" in error.value.details[0]


def test_only_the_segment_is_examined(wav):
    path = str(wav("a.wav", with_value(np.nan, (150,))))
    files = FileRecordings(pd.DataFrame({"id": ["a"], "path": [path], "start": [0.0], "stop": [1.0]}))
    assert scan(files, DataSettings()).problems == ()


def test_recordings_longer_than_a_block_are_read_in_blocks():
    signal = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 1, (1 << 20) + 50)).astype(np.float32)
    signal[0, 0, [10, -3]] = np.nan
    with pytest.raises(DataError) as error:
        scan(ArrayRecordings(signal, 1000, ["x"]), DataSettings())
    assert error.value.details == ("0: has 2 samples of 1048626 that are NaN or infinite",)


def test_copies_are_found_by_their_samples_whatever_the_container(tmp_path, noise):
    samples = np.round(noise(200) * 2**14).astype(np.int16)
    for name in ("a.wav", "b.flac"):
        soundfile.write(tmp_path / name, samples.T, 100, subtype="PCM_16")
    paths = [str(tmp_path / name) for name in ("a.wav", "b.flac")]
    records = scan(FileRecordings(pd.DataFrame({"id": ["a", "b"], "path": paths, "label": ["x", "x"]})), DataSettings())
    assert records.records["content"].nunique() == 2
    assert records.records["digest"].nunique() == 1
    rms = np.std(samples / 2**15)
    np.testing.assert_allclose(records.records["level"], 20 * np.log10(rms), rtol=1e-6)


def test_a_large_offset_and_resampling_are_told(recordings, noise):
    text = "\n".join(scan(recordings(lifted=0.02 * noise(200, 9) + 0.5), DataSettings(sample_rate=50.0)).warnings)
    assert "1 of 3 recordings have a mean above 10 times the RMS about it: lifted" in text
    assert "3 of 3 recordings are resampled to 50 Hz" in text
