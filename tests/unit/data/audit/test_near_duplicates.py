import hashlib
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.signal import resample_poly

from fusionkit.data.audit import near_duplicates as module
from fusionkit.data.audit.band import rate_steps
from fusionkit.data.audit.near_duplicates import comparable, near_duplicates, with_copies
from fusionkit.data.audit.overlap import match
from fusionkit.data.signal_header import SignalHeader

RATE = 2000


class Signals:
    """Signals [time] or [channel, time] by name, each with its rate."""

    def __init__(self, signals, rates):
        self.signals = {name: np.atleast_2d(signal).astype(np.float32) for name, signal in signals.items()}
        self.rates = rates

    def header(self, record):
        channels, samples = self.signals[record].shape
        return SignalHeader(channels, samples, self.rates[record], tuple(map(str, range(channels))))

    def read(self, record, start, stop):
        return self.signals[record][:, start:stop]


def search(signals, rates=None, files=None, **keywords):
    rates = {name: float((rates or {}).get(name, RATE)) for name in signals}
    recordings = Signals(signals, rates)
    rows = [
        {
            "id": name,
            "start": 0.0,
            "stop": signal.shape[1] / rates[name],
            "sample_rate": rates[name],
            "path": (files or {}).get(name, name),
            "digest": hashlib.sha256(signal.tobytes()).hexdigest(),
        }
        for name, signal in recordings.signals.items()
    ]
    return near_duplicates(recordings, pd.DataFrame(rows), **keywords)


def pairs_of(found):
    return [tuple(sorted(pair)) for pair in found[["a", "b"]].to_numpy().tolist()]


def heart(seed, seconds=6.0, rate=RATE):
    """Bursts of 30 to 90 Hz at irregular intervals, and a little noise."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    signal = 0.01 * rng.normal(size=len(time))
    beat = rng.uniform(0, 0.5)
    while beat < seconds:
        for delay, size in ((0.0, 1.0), (0.3, 0.7)):
            since = time - beat - delay - 0.01 * rng.normal()
            tone = np.sin(2 * np.pi * rng.uniform(30, 90) * since + rng.uniform(0, 6))
            signal += size * rng.uniform(0.7, 1.3) * np.exp(-((since / 0.03) ** 2)) * tone
        beat += rng.uniform(0.6, 1.0)
    return 0.2 * signal


def noisy(signal, decibels, seed=99):
    power = np.mean(signal**2) * 10 ** (-decibels / 10)
    return signal + np.sqrt(power) * np.random.default_rng(seed).normal(size=len(signal))


OTHERS = {f"other{seed}": heart(seed) for seed in range(1, 8)}
LONG = heart(0, 8.0)
FIRST = LONG[: 6 * RATE]
SHIFT = 740  # samples of 2 kHz: 0.37 s

COPIES = {
    "gain": (0.3 * FIRST, 0.0, 0.3),
    "polarity": (-FIRST, 0.0, -1.0),
    "offset": (FIRST + 0.4, 0.0, 1.0),
    "shift in noise": (noisy(LONG[SHIFT : SHIFT + 6 * RATE], 40), 0.37, 1.0),
    "shift by less than a sample of 500 Hz": (LONG[1:-1], 0.0005, 1.0),
    "cut from the middle": (FIRST[3001:8001], 1.5005, 1.0),
    "cut, turned over, quiet, offset, in noise": (noisy(-0.05 * FIRST[3001:8001], 40) - 0.1, 1.5005, -0.05),
    "16 bit": (np.round(FIRST * 2**15) / 2**15, 0.0, 1.0),
    "two seconds": (FIRST[4000:8000], 2.0, 1.0),
}


@pytest.mark.parametrize(("copy", "lag", "gain"), COPIES.values(), ids=COPIES)
def test_a_planted_copy_is_found_and_nothing_else(copy, lag, gain):
    found = search({"a": FIRST, "copy": copy} | OTHERS)
    assert found[["a", "b"]].to_numpy().tolist() == [["a", "copy"]]
    assert found["lag_s"][0] == pytest.approx(lag, abs=3e-4)
    assert found["gain"][0] == pytest.approx(gain, rel=0.01)
    assert 0.99 <= found["similarity"][0] <= 1


def test_a_copy_at_another_sample_rate_is_found():
    found = search({"a": FIRST, "copy": resample_poly(FIRST, 441, 800)} | OTHERS, {"copy": 1102.5})
    assert found[["a", "b"]].to_numpy().tolist() == [["a", "copy"]]
    assert found["lag_s"][0] == pytest.approx(0, abs=3e-4)


def test_the_lag_is_negative_when_the_second_begins_before_the_first():
    found = search({"a": FIRST[3000:9000], "b": FIRST} | OTHERS)
    assert found["lag_s"].tolist() == [pytest.approx(-1.5, abs=3e-4)]


@pytest.mark.parametrize(("together", "expected"), [(3.2, 1), (2.6, 0)])
def test_two_recordings_must_share_half_of_the_shorter(together, expected):
    start = round((6 - together) * RATE)
    a, b = heart(0, 12.0)[: 6 * RATE], heart(0, 12.0)[start : start + 6 * RATE]
    assert len(search({"a": a, "b": b} | OTHERS)) == expected


def test_a_first_channel_that_is_constant_is_passed_over():
    two = np.stack([np.full(len(FIRST), 0.5), FIRST])
    assert len(search({"a": FIRST, "copy": two} | OTHERS)) == 1


def test_segments_of_one_file_identical_samples_and_short_ones_are_not_compared():
    assert search({"a": FIRST, "b": 0.5 * FIRST}, files={"b": "a"}).empty
    assert search({"a": FIRST, "b": FIRST}).empty
    assert search({"a": FIRST, "b": 0.5 * FIRST[:1999]}).empty


def ecg(rate, seed, regular):
    rng = np.random.default_rng(seed)
    time = np.arange(10 * 360) / 360
    beats = np.cumsum(60 / rate * (1 if regular else rng.normal(1, 0.04, 40)) * np.ones(40))
    shape = ((0.0, 1.0, 0.012), (-0.16, 0.12, 0.03), (0.25, 0.3, 0.05), (0.03, -0.25, 0.012))
    return sum(size * np.exp(-(((time - beat - at) / width) ** 2) / 2) for beat in beats for at, size, width in shape)


@pytest.mark.parametrize("regular", [True, False])
def test_beats_that_look_alike_are_no_copies(regular):
    signals = {f"ecg{rate}": ecg(rate, rate, regular) for rate in range(55, 100, 3)}
    assert search(signals, dict.fromkeys(signals, 360)).empty
    noises = {name: noisy(signal, 40, seed) for seed, (name, signal) in enumerate(signals.items())}
    assert search(noises, dict.fromkeys(signals, 360)).empty


def test_perfectly_regular_signals_prove_nothing():
    time = np.arange(6 * RATE) / RATE
    tones = {f"tone{phase}": np.sin(2 * np.pi * 20 * time + phase) for phase in range(5)}
    assert search(tones).empty
    same = {f"ecg{seed}": noisy(ecg(60, 0, True)[97 * seed :], 40, seed) for seed in range(4)}
    assert search(same, dict.fromkeys(same, 360)).empty


def test_a_copy_of_a_regular_rhythm_in_noise_is_told_from_its_repetition():
    signal = noisy(ecg(60, 0, True), 30)
    found = search({"a": signal, "b": -2 * signal[500:]}, {"a": 360, "b": 360})
    assert found["lag_s"].tolist() == [pytest.approx(500 / 360, abs=1e-3)]


def test_the_result_is_the_same_again_and_for_any_order():
    signals = {"a": FIRST, "copy": 0.3 * FIRST, "cut": FIRST[2000:9000]} | OTHERS
    first = search(signals)
    pd.testing.assert_frame_equal(first, search(signals))
    assert {frozenset(pair) for pair in first[["a", "b"]].to_numpy()} == {
        frozenset(pair) for pair in search(dict(reversed(signals.items())))[["a", "b"]].to_numpy()
    }
    assert {"a", "copy", "cut"} <= set(first[["a", "b"]].to_numpy().ravel())


def test_progress_counts_and_nothing_gives_an_empty_table():
    steps = []
    search(OTHERS, progress=lambda done, of: steps.append((done, of)))
    assert steps == [(number, 7) for number in range(1, 8)]
    empty = search({"a": np.zeros(4000)})
    assert (len(empty), list(empty)) == (0, ["a", "b", "similarity", "lag_s", "gain"])


def test_the_similarity_is_the_correlation_over_the_overlap():
    rng = np.random.default_rng(3)
    a = rng.normal(size=2000).astype(np.float32)
    b = (-0.5 * a[300:1800] + 0.03 * rng.normal(size=1500)).astype(np.float32)
    found = match(a, b, 302)
    expected = -np.corrcoef(a[300:1800].astype(float), b.astype(float))[0, 1]
    # White noise has no parabola between its samples, so that the peak is only about that of the sample.
    assert found.similarity == pytest.approx(expected, abs=2e-3)
    assert found.lag == pytest.approx(300, abs=0.05)
    assert match(a, rng.normal(size=1500).astype(np.float32), 300) is None


@pytest.mark.data
def test_the_copies_in_pascal_set_b_are_found(real_data):
    import soundfile

    folder = real_data("pascal") / "set_b"
    signals, rates = {}, {}
    for path in sorted(folder.rglob("normal__1[0-5]*.wav")):
        signal, rate = soundfile.read(path, dtype="float32")
        signals[path.stem], rates[path.stem] = signal, rate
    found = search(signals, rates)
    people = {frozenset((row.a.split("_")[2], row.b.split("_")[2])) for row in found.itertuples()}
    # Two numbers of the data set hold the same sounds, cut apart differently.
    assert people == {frozenset(("103", "146"))}
    for row in found.itertuples():
        left, right = (signals[name].astype(float) for name in (row.a, row.b))
        lag = round(row.lag_s * 4000)
        shifted = left[max(lag, 0) :], right[max(-lag, 0) :]
        count = min(map(len, shifted))
        # An independent look at the raw samples, full band.
        assert np.corrcoef(shifted[0][:count], shifted[1][:count])[0, 1] > 0.9


@pytest.mark.parametrize("rate", [0.5, 99.5, 125, 360, 500, 1102.5, 44100, 96000, 1e6, 5_000_000, 1e7])
def test_the_steps_to_500_hz_are_exact_whole_numbers(rate):
    first, up, down = rate_steps(rate)
    assert min(first, up, down) >= 1
    assert max(up, down) <= 10_000
    assert rate / first * up / down == pytest.approx(500, rel=1e-9)
    assert first == 1 or rate / first >= 500


@pytest.mark.parametrize("rate", [0.01, 199.98, 100_003.0])
def test_a_rate_without_a_whole_ratio_is_not_compared(rate):
    assert rate_steps(rate) is None
    records = pd.DataFrame({"id": ["a", "b"], "start": 0.0, "stop": 9.0, "sample_rate": [rate, 500.0]})
    assert comparable(records).tolist() == [False, True]


@pytest.mark.parametrize("rate", [199.98, 100_003.0])
def test_a_rate_without_a_whole_ratio_stops_nothing(rate):
    signals = {"a": FIRST, "b": 0.3 * FIRST, "odd": FIRST} | OTHERS
    assert pairs_of(search(signals, {"odd": rate})) == [("a", "b")]


def test_a_copy_at_ten_megahertz_is_found():
    rng = np.random.default_rng(5)
    time = np.arange(round(1.3 * 20_000)) / 20_000
    slow = sum(np.sin(2 * np.pi * tone * time + 6 * tone) for tone in rng.uniform(4, 30, 20))
    fast = np.interp(np.arange(round(1.3 * 1e7)) / 1e7, time, 0.1 * slow)
    found = search({"slow": slow, "fast": fast}, {"slow": 20_000, "fast": 1e7})
    assert pairs_of(found) == [("fast", "slow")]
    assert found["lag_s"][0] == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e20, 3e38])
def test_a_recording_out_of_range_hides_no_copy_and_warns_of_nothing(bad):
    spoilt = 0.5 * FIRST
    spoilt[5000] = bad
    alternating = bad * np.sign(FIRST)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = search({"0": spoilt, "1": alternating, "a": FIRST, "b": 0.3 * FIRST} | OTHERS)
    assert pairs_of(found) == [("a", "b")]


def test_a_large_recording_that_can_be_squared_is_compared():
    assert pairs_of(search({"a": FIRST, "b": 1e14 * FIRST} | OTHERS)) == [("a", "b")]


def test_the_chosen_channels_are_compared_by_name():
    def file(*channels):
        return np.stack(channels)

    flat = np.full(len(FIRST), 0.5)
    signals = {"a": file(heart(11), flat, FIRST), "b": file(heart(12), heart(13), 0.5 * FIRST)}
    assert search(signals).empty
    assert search(signals, channels=("0",)).empty
    assert pairs_of(search(signals, channels=("2",))) == [("a", "b")]
    assert pairs_of(search({"a": file(FIRST, FIRST), "b": file(heart(11), 0.5 * FIRST)}, channels=["1", "0"])) == [
        ("a", "b")
    ]
    # A constant channel is passed over, in the order that was asked for.
    assert search(signals, channels=("1", "2")).empty
    assert pairs_of(search({"a": signals["a"], "b": 0.5 * signals["a"]}, channels=("1", "2"))) == [("a", "b")]
    assert search(signals, channels=("x",)).empty


def test_below_a_second_is_not_comparable():
    records = pd.DataFrame({"start": [0.0, 2.0, 2.0], "stop": [1.0, 2.99, 3.0], "sample_rate": 500.0}, index=[7, 8, 9])
    expected = pd.Series([True, False, True], index=[7, 8, 9])
    pd.testing.assert_series_equal(comparable(records), expected, check_names=False)


def test_of_very_many_segments_the_longest_of_each_file_is_compared(monkeypatch):
    table = {"path": list("xxyyz"), "stop": [2.0, 3.0, 4.0, 4.0, 0.5]}
    records = pd.DataFrame({"id": list("abcde"), "start": 0.0, "sample_rate": 500.0} | table)
    assert comparable(records).tolist() == [True, True, True, True, False]
    monkeypatch.setattr(module, "_MOST_ROWS", 4)
    assert comparable(records).tolist() == [True, True, True, True, False]
    monkeypatch.setattr(module, "_MOST_ROWS", 3)
    assert comparable(records).tolist() == [False, True, True, False, False]


def test_the_longest_segments_are_those_that_are_read(monkeypatch):
    monkeypatch.setattr(module, "_MOST_ROWS", 3)
    signals = {"a": FIRST[:4000], "whole": FIRST, "copy": 0.3 * FIRST, "part": 0.2 * FIRST[:5000]}
    assert pairs_of(search(signals, files={"a": "x", "whole": "x", "copy": "y", "part": "y"})) == [("copy", "whole")]


def test_a_pair_stands_for_all_that_have_the_same_samples():
    signals = {"a": FIRST, "a2": FIRST, "b": 0.3 * FIRST, "b2": 0.3 * FIRST, "b3": 0.3 * FIRST} | OTHERS
    found = search(signals)
    assert pairs_of(found) == [("a", "b")]
    records = pd.DataFrame({"id": list(signals), "digest": [signal.tobytes().hex() for signal in signals.values()]})
    expanded = with_copies(found, records)
    assert sorted(pairs_of(expanded)) == [(a, b) for a in ("a", "a2") for b in ("b", "b2", "b3")]
    assert list(expanded) == list(found)
    for column in ("similarity", "lag_s", "gain"):
        assert expanded[column].unique().tolist() == found[column].tolist()


def test_copies_keep_the_order_of_the_pairs_and_stay_out_of_one_file():
    pairs = pd.DataFrame([("c", "a", 0.999), ("b", "c", 0.995)], columns=["a", "b", "similarity"])
    records = pd.DataFrame({"id": list("abcde"), "digest": list("1231x"), "path": list("ppqqr")})
    expanded = with_copies(pairs, records)
    # The recording d is a copy of a, but a segment of the file of c.
    assert expanded.to_numpy().tolist() == [["c", "a", 0.999], ["b", "c", 0.995]]
    elsewhere = with_copies(pairs, records.assign(path=list("ppqst")))
    assert elsewhere["b"].tolist() == ["a", "d", "c"]
    pd.testing.assert_frame_equal(with_copies(pairs, records.drop(columns="digest")), pairs)
    assert list(with_copies(pairs.iloc[:0], records)) == list(pairs)
