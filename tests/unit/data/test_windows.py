import numpy as np
import pandas as pd
import pytest
from scipy.signal import resample_poly

from fusionkit.data.preprocessing import Preprocessing
from fusionkit.data.recordings import ArrayRecordings, FileRecordings
from fusionkit.data.scan import scan
from fusionkit.data.settings import DataSettings
from fusionkit.data.windows import WindowReader, plan_windows
from fusionkit.errors import DataError, PluginError
from fusionkit.interfaces import Preprocessor


def cut(recordings, **settings):
    settings = DataSettings(**settings)
    scanned = scan(recordings, settings)
    plan = plan_windows(scanned, settings)
    reader = WindowReader(recordings, scanned)
    return plan, np.stack([reader.read(row) for row in plan.to_dict("records")]), reader


@pytest.fixture
def array(noise):
    signals = np.stack([noise(1000, seed, channels=2) for seed in range(3)])
    recordings = ArrayRecordings(signals, 100, ["x", "y", "x"], groups=["p", "q", "p"], channel_names=["I", "II"])
    return recordings, signals


def test_first_takes_the_start_and_carries_the_manifest(array):
    recordings, signals = array
    plan, windows, reader = cut(recordings, duration=2.5)
    assert plan.columns.tolist() == ["window", "record", "subject", "label", "start", "stop"]
    assert plan.loc[1].tolist() == ["1/0", "1", "q", "y", 0.0, 2.5]
    np.testing.assert_array_equal(windows, signals[:, :, :250])
    assert windows.dtype == np.float32
    assert str(reader.signal) == "2x250@100"


def test_hop_covers_the_recording_and_drops_the_rest(array):
    recordings, signals = array
    plan, windows, _ = cut(recordings, duration=3.0, window="hop", hop=2.0)
    assert plan["start"][:4].tolist() == [0.0, 2.0, 4.0, 6.0]
    assert plan["window"][:4].tolist() == ["0/0", "0/1", "0/2", "0/3"]
    np.testing.assert_array_equal(windows[2], signals[0, :, 400:700])
    assert len(plan) == 12


def test_hop_defaults_to_the_duration(array):
    plan, _, _ = cut(array[0], duration=4.0, window="hop")
    assert plan["start"].tolist() == [0.0, 4.0] * 3


def test_a_hop_below_a_sample_is_refused(array):
    with pytest.raises(DataError, match=r"hop of 0\.001 s at 100 Hz is shorter than a sample"):
        cut(array[0], duration=4.0, window="hop", hop=0.001)


@pytest.mark.parametrize("window", ["first", "hop"])
def test_a_short_recording_is_padded_at_the_end(noise, window):
    signal = noise(120)[None]
    plan, windows, _ = cut(ArrayRecordings(signal, 100, ["x"]), duration=2.0, window=window)
    assert plan[["start", "stop"]].to_numpy().tolist() == [[0.0, 1.2]]
    np.testing.assert_array_equal(windows[0, :, :120], signal[0])
    assert not windows[0, :, 120:].any()


def test_whole_pads_to_the_longest(wav, noise):
    signals = {name: noise(samples, samples) for name, samples in (("a", 90), ("b", 140))}
    paths = [str(wav(f"{name}.wav", signal)) for name, signal in signals.items()]
    _, windows, _ = cut(FileRecordings(pd.DataFrame({"id": ["a", "b"], "path": paths})), window="whole")
    expected = np.stack([np.pad(signal, ((0, 0), (0, 140 - signal.shape[1]))) for signal in signals.values()])
    np.testing.assert_array_equal(windows, expected)


def test_channels_come_by_name_whatever_their_order_in_the_file(wav, noise):
    signals = noise(100, 0, 2), noise(100, 1, 2)
    paths = [str(wav(f"{number}.wav", signal)) for number, signal in enumerate(signals)]
    recordings = FileRecordings(pd.DataFrame({"id": ["a", "b"], "path": paths, "channels": ["II,V1", "V1,II"]}))
    _, windows, _ = cut(recordings)
    np.testing.assert_array_equal(windows, np.stack([signals[0], signals[1][::-1]]))
    _, windows, _ = cut(recordings, channels=("V1",))
    np.testing.assert_array_equal(windows, np.stack([signals[0][1:], signals[1][:1]]))


@pytest.mark.parametrize("target", [441.0, 40.0, 250.0])
def test_a_resampled_window_is_a_slice_of_the_resampled_recording(array, target):
    recordings, signals = array
    _, windows, reader = cut(recordings, duration=2.0, window="hop", sample_rate=target)
    whole = resample_poly(signals[0].astype(float), int(target), 100, axis=-1)
    samples = reader.signal.samples
    assert samples == round(2 * target)
    for number in range(5):
        expected = whole[:, number * samples : (number + 1) * samples]
        np.testing.assert_allclose(windows[number], expected, atol=1e-6)


def test_a_window_whose_length_is_no_whole_number_of_source_samples_is_full(array):
    recordings, signals = array
    _, windows, reader = cut(recordings, duration=0.1003, sample_rate=1103.0)
    expected = resample_poly(signals.astype(float), 1103, 100, axis=-1)[:, :, : reader.signal.samples]
    np.testing.assert_allclose(windows, expected, atol=1e-6)


def test_a_padded_segment_does_not_show_what_follows_in_the_file(wav, noise):
    path = str(wav("a.wav", noise(400)))
    manifest = pd.DataFrame({"id": ["a", "b"], "path": path, "start": [0.0, 1.0], "stop": [1.0, 3.0]})
    _, windows, _ = cut(FileRecordings(manifest), window="whole", sample_rate=200.0)
    assert windows[0, :, :200].any()
    assert not windows[0, :, 200:].any()


def test_the_key_changes_with_content_bounds_channels_and_rate(array, noise):
    recordings, signals = array
    other = ArrayRecordings(signals + np.float32(0.1), 100, ["x", "y", "x"], channel_names=["I", "II"])
    swapped = ArrayRecordings(signals, 100, ["x", "y", "x"], channel_names=["II", "I"])
    cuts = [
        cut(recordings, duration=2.0),
        cut(recordings, duration=1.0),
        cut(recordings, duration=2.0, window="hop"),
        cut(recordings, duration=2.0, sample_rate=50.0),
        cut(recordings, duration=2.0, channels=("I",)),
        cut(other, duration=2.0),
        cut(swapped, duration=2.0, channels=("I",)),
    ]
    assert len({reader.key(plan) for plan, _, reader in cuts}) == len(cuts)
    again = cut(recordings, duration=2.0)
    assert again[2].key(again[0]) == cuts[0][2].key(cuts[0][0])


class MovingMean(Preprocessor):
    """The mean over five samples: what lies outside the signal counts as its nearest sample."""

    def __init__(self, rate: float) -> None:
        self.context = 2 / rate

    def __call__(self, x, /):
        padded = np.pad(x, ((0, 0), (2, 2)), mode="edge")
        return np.mean([padded[:, lag : lag + x.shape[1]] for lag in range(5)], axis=0, dtype=np.float32)


@pytest.mark.parametrize("target", [None, 50.0, 250.0])
def test_a_preprocessed_window_is_a_slice_of_the_preprocessed_recording(array, target):
    recordings, signals = array
    settings = DataSettings(spec="x", duration=2.0, window="hop", sample_rate=target)
    scanned = scan(recordings, settings)
    step = MovingMean(scanned.signal.sample_rate)
    reader = WindowReader(recordings, scanned, Preprocessing([("mean", step)], "mean"))
    plan = plan_windows(scanned, settings)
    ratio = 1 if target is None else target / 100
    whole = (
        signals[0].astype(float) if ratio == 1 else resample_poly(signals[0].astype(float), int(target), 100, axis=-1)
    )
    expected = step(whole.astype(np.float32))
    samples = reader.signal.samples
    for number, row in enumerate(plan[plan["record"] == plan["record"].iloc[0]].to_dict("records")):
        window = reader.read(row)
        np.testing.assert_allclose(window, expected[:, number * samples : (number + 1) * samples], atol=1e-5)
    assert reader.key(plan) != WindowReader(recordings, scanned).key(plan)


def test_padding_follows_preprocessing(wav, noise):
    path = str(wav("short.wav", 0.1 * noise(150)))
    recordings = FileRecordings(pd.DataFrame({"id": ["a"], "path": [path], "label": ["x"]}))
    settings = DataSettings(spec="x", duration=2.0)
    scanned = scan(recordings, settings)

    class Lift(MovingMean):
        def __call__(self, x, /):
            return x + np.float32(5)

    window = WindowReader(recordings, scanned, Preprocessing([("lift", Lift(100))])).read(
        plan_windows(scanned, settings).iloc[0].to_dict()
    )
    assert (window[:, :150] > 4).all()
    assert not window[:, 150:].any()


@pytest.mark.parametrize(("gives", "fault"), [(np.nan, "gave NaN or infinity for 'a'"), (None, "gave the shape")])
def test_a_preprocessor_that_breaks_its_word_is_named(gives, fault):
    class Faulty(MovingMean):
        def __call__(self, x, /):
            return x[:, :1] if gives is None else x * np.float32(gives)

    with pytest.raises(PluginError, match=f"preprocessor 'faulty' {fault}"):
        Preprocessing([("faulty", Faulty(1.0))])(np.ones((1, 4), dtype=np.float32), "a")


@pytest.mark.parametrize("target", [None, 80.0, 50.0])
@pytest.mark.parametrize("filtered", [False, True])
def test_an_isolated_segment_does_not_know_what_lies_beside_it(wav, noise, target, filtered):
    beats = [0.2 * noise(200, seed) for seed in range(3)]
    other = [beats[0] + 0.5, beats[1], beats[2] - 0.5]
    read = []
    for number, signals in enumerate((beats, other)):
        path = str(wav(f"{number}.wav", np.concatenate(signals, axis=1)))
        bounds = {"start": [0.0, 2.0, 4.0], "stop": [2.0, 4.0, 6.0], "isolated": True}
        manifest = pd.DataFrame({"id": ["a", "b", "c"], "path": path, "label": "x", **bounds})
        recordings = FileRecordings(manifest)
        settings = DataSettings(spec="x", sample_rate=target)
        scanned = scan(recordings, settings)
        steps = [("mean", MovingMean(scanned.signal.sample_rate))] if filtered else []
        reader = WindowReader(recordings, scanned, Preprocessing(steps))
        read.append(reader.read(plan_windows(scanned, settings).to_dict("records")[1]))
    np.testing.assert_array_equal(read[0], read[1])
    assert read[0].any()


def test_the_key_changes_with_the_variable_and_the_declared_rate(tmp_path, noise):
    np.savez(tmp_path / "two.npz", a=noise(300), b=noise(300, 1))
    np.save(tmp_path / "one.npy", noise(300))
    keys = set()
    for name, columns in (("two.npz", {"variable": "a"}), ("two.npz", {"variable": "b"}), ("one.npy", {})):
        for rate in (100.0, 200.0):
            manifest = pd.DataFrame(
                {"id": ["x"], "path": str(tmp_path / name), "label": "l", "start": 0.0, "stop": 1.0}
            )
            recordings = FileRecordings(manifest.assign(declared_rate=rate, **columns))
            settings = DataSettings(spec="x", sample_rate=100.0)
            scanned = scan(recordings, settings)
            keys.add(WindowReader(recordings, scanned).key(plan_windows(scanned, settings)))
    assert len(keys) == 6
