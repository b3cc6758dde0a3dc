import hashlib

import numpy as np
import pandas as pd
import pytest
import torch

from fusionkit.data.readers import read_samples
from fusionkit.data.recordings import ArrayRecordings, FileRecordings
from fusionkit.errors import DataError


def test_files_are_read_by_record(wav, noise):
    signal = noise(50, channels=2)
    path = wav("a.wav", signal, rate=250)
    recordings = FileRecordings(pd.DataFrame({"id": ["x"], "path": [str(path)], "channels": ["MLII, V1"]}))
    assert recordings.header("x").channel_names == ("MLII", "V1")
    assert recordings.header("x").sample_rate == 250.0
    np.testing.assert_array_equal(recordings.read("x", 5, 20), signal[:, 5:20])
    assert recordings.content("x") == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("names", ["MLII", "I,II,III", "I,I"])
def test_names_that_do_not_fit_the_channels_are_refused(wav, noise, names):
    path = wav("a.wav", noise(50, channels=2))
    recordings = FileRecordings(pd.DataFrame({"id": ["x"], "path": [str(path)], "channels": [names]}))
    with pytest.raises(DataError, match=f"has 2 channels, but the manifest names '{names}'"):
        recordings.header("x")


@pytest.mark.parametrize("convert", [np.asarray, lambda x: torch.tensor(x, requires_grad=True)])
def test_arrays_and_tensors_are_recordings(convert, noise):
    x = np.stack([noise(20, seed) for seed in range(3)])
    recordings = ArrayRecordings(convert(x), 100, np.array([0, 1, 0]), groups=torch.tensor([7, 7, 8]))
    assert recordings.manifest.to_dict("list") == {
        "id": ["0", "1", "2"],
        "label": ["0", "1", "0"],
        "subject": ["7", "7", "8"],
    }
    assert recordings.header("1").samples == 20
    np.testing.assert_array_equal(recordings.read("1", 3, 9), x[1, :, 3:9])
    assert recordings.content("0") != recordings.content("1")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x": np.zeros((3, 20))}, r"shape \(3, 20\); expected \[record, channel, time\]"),
        ({"x": np.zeros((3, 0, 20))}, "none of them 0"),
        ({"sample_rate": 0}, "expected a number of Hz above 0"),
        ({"labels": ["a", "b"]}, "3 signals, but 2 values of 'label'"),
        ({"ids": ["a", "a", "b"]}, "ids come twice"),
        ({"channel_names": ["I", "II"]}, "1 channels have the names"),
    ],
)
def test_shapes_that_do_not_go_together_are_named(changes, message):
    arguments = {"x": np.zeros((3, 1, 20)), "sample_rate": 100, "labels": ["a", "b", "a"]} | changes
    with pytest.raises(DataError, match=message):
        ArrayRecordings(**arguments)


@pytest.mark.parametrize(
    ("values", "words"),
    [([None, "a", "b"], "missing"), ([float("nan"), 1.0, 0.0], "missing"), (np.eye(3), "more than one axis")],
)
def test_labels_and_subjects_in_memory_are_values(values, words):
    x = np.random.default_rng(0).normal(size=(3, 1, 50))
    with pytest.raises(DataError, match=f"'label' .*{words}"):
        ArrayRecordings(x, 100, values)
    with pytest.raises(DataError, match=f"'subject' .*{words}"):
        ArrayRecordings(x, 100, ["a", "b", "a"], groups=values)


def test_segments_are_read_right_in_any_order_and_ahead_where_they_follow_each_other(wav, noise, monkeypatch):
    signals = {name: noise(3000, seed) for seed, name in enumerate("ab")}
    paths = [str(wav(f"{name}.wav", signal)) for name, signal in signals.items()]
    files = FileRecordings(pd.DataFrame({"id": ["a", "b"], "path": paths}))
    monkeypatch.setattr("fusionkit.data.recordings._AHEAD", 500)
    calls = []

    def counted(*given):
        calls.append(given)
        return read_samples(*given)

    monkeypatch.setattr("fusionkit.data.recordings.read_samples", counted)
    rng = np.random.default_rng(0)
    for _ in range(300):
        name, start = rng.choice(["a", "b"]), int(rng.integers(0, 2990))
        stop = int(rng.integers(start, min(start + 900, 3000)))
        np.testing.assert_array_equal(files.read(name, start, stop), signals[name][:, start:stop])
    calls.clear()
    for start in range(0, 3000, 10):
        np.testing.assert_array_equal(files.read("a", start, start + 10), signals["a"][:, start : start + 10])
    assert len(calls) <= 3000 / 500 + 2
    with pytest.raises(ValueError, match="read-only"):
        files.read("a", 0, 10)[0, 0] = 1
