"""Preprocessors against formulas, other routes through SciPy, and explicit loops."""

import numpy as np
import pytest
import soundfile
from scipy import signal

from fusionkit.preprocessors.bandpass import Bandpass
from fusionkit.preprocessors.baseline import Baseline
from fusionkit.preprocessors.notch import Notch
from fusionkit.preprocessors.spikes import Spikes


def response(preprocessor, tone, rate):
    """Return the complex gain for a tone, measured in the middle of 40 s, over whole cycles of 1 s."""
    time = np.arange(int(40 * rate)) / rate
    changed = preprocessor(np.cos(2 * np.pi * tone * time).astype(np.float32)[np.newaxis])[0]
    middle = slice(int(15 * rate), int(25 * rate))
    return 2 * np.mean(changed[middle] * np.exp(-2j * np.pi * tone * time[middle]))


def butterworth(tone, rate, low, high, order):
    warped, low, high = (None if f is None else np.tan(np.pi * f / rate) for f in (tone, low, high))
    gain = 1 if low is None else 1 / (1 + (low / warped) ** (2 * order))
    return gain if high is None else gain / (1 + (warped / high) ** (2 * order))


@pytest.mark.parametrize(
    ("rate", "low", "high", "order"),
    [(2000, 25.0, 400.0, 2), (1000, 20.0, None, 4), (1000, None, 150.0, 3), (360, 0.5, 40.0, 2), (500, 30.0, 35.0, 1)],
)
@pytest.mark.parametrize("tone", [1, 20, 25, 33, 100, 150, 170])
def test_bandpass_has_the_squared_gain_of_butterworth_and_no_phase(rate, low, high, order, tone):
    found = response(Bandpass(float(rate), low=low, high=high, order=order), tone, rate)
    assert found == pytest.approx(butterworth(tone, rate, low, high, order), abs=2e-5)


@pytest.mark.parametrize("order", [1, 2, 4])
def test_bandpass_equals_two_filters_in_polynomial_form(order):
    x = np.random.default_rng(0).normal(2, 1, (2, 6000))
    expected = x
    for kind, edge in (("highpass", 30), ("lowpass", 300)):
        expected = signal.filtfilt(*signal.butter(order, edge, kind, fs=1000), expected, method="gust")
    found = Bandpass(1000.0, low=30.0, high=300.0, order=order)(x.astype(np.float32))
    np.testing.assert_allclose(found[:, 1000:-1000], expected[:, 1000:-1000], atol=2e-5)


@pytest.mark.parametrize(("freq", "harmonics"), [(50.0, 1), (60.0, 3)])
@pytest.mark.parametrize("q", [5.0, 30.0])
def test_notch_has_the_squared_gain_of_its_sections_and_no_phase(freq, harmonics, q):
    rate = 1000
    preprocessor = Notch(float(rate), freq=freq, q=q, harmonics=harmonics)
    for tone in (10, 49, 50, 51, 60, 61, 100, 120, 180, 240, 350):
        expected, w = 1.0, 2 * np.pi * tone / rate
        for number in range(1, harmonics + 1):
            centre = 2 * np.pi * number * freq / rate
            distance, width = np.cos(w) - np.cos(centre), np.tan(centre / q / 2) * np.sin(w)
            expected *= distance**2 / (distance**2 + width**2)
        assert response(preprocessor, tone, rate) == pytest.approx(expected, abs=2e-4)


@pytest.mark.parametrize("samples", [7, 100, 401])
@pytest.mark.parametrize("widths", [(0.2, 0.6), (0.05,)])
def test_baseline_equals_explicit_medians(samples, widths):
    rate = 100.0
    x = np.cumsum(np.random.default_rng(0).normal(size=(2, samples)), axis=1).astype(np.float32)
    level = x
    for width in widths:
        half = round(width * rate / 2)
        padded = np.pad(level, ((0, 0), (half, half)), mode="symmetric")
        level = np.stack([np.median(padded[:, i : i + 2 * half + 1], axis=1) for i in range(samples)], axis=1)
    np.testing.assert_array_equal(Baseline(rate, widths=widths)(x), (x - level).astype(np.float32))


def despiked(x, rate):
    """Follow the published steps literally, sample by sample."""
    x = [float(value) for value in x]
    size = round(0.5 * rate)
    windows = [range(start, min(start + size, len(x))) for start in range(0, len(x), size)]
    while True:
        largest = [max(abs(x[i]) for i in window) for window in windows]
        if not max(largest) > 3 * np.median(largest):
            return np.array(x)
        window = windows[largest.index(max(largest))]
        top = next(i for i in window if abs(x[i]) == max(largest))
        first = last = top
        while first - 1 in window and x[first - 1] * x[top] > 0:
            first -= 1
        while last + 1 in window and x[last + 1] * x[top] > 0:
            last += 1
        x[first : last + 1] = [0.0] * (last + 1 - first)


@pytest.mark.parametrize("samples", [100, 1500, 4000, 4321])
@pytest.mark.parametrize("seed", range(4))
def test_spikes_follows_the_published_steps(samples, seed):
    rng = np.random.default_rng(seed)
    x = signal.lfilter([1], [1, -0.9], rng.normal(size=samples)).astype(np.float32)
    for place in rng.integers(0, samples // 4, 5):
        x[place : place + 15] *= rng.uniform(20, 40)
    expected = despiked(x, 500)
    found = Spikes(500.0)(x[np.newaxis])[0]
    assert (expected == 0).any() == (samples > 1000)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.data
@pytest.mark.parametrize("name", ["training-a/a0037", "training-b/b0037", "training-c/c0001"])
def test_spikes_follows_the_published_steps_on_real_heart_sounds(real_data, name):
    x, rate = soundfile.read(real_data("physionet2016") / f"{name}.wav", dtype="float32", always_2d=True)
    x = Bandpass(float(rate))(x.T)
    found, expected = Spikes(float(rate))(x)[0], despiked(x[0], rate)
    assert (expected != x[0]).any()
    np.testing.assert_array_equal(found, expected)
