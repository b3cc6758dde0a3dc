import numpy as np
import pytest

from fusionkit.errors import UsageError
from fusionkit.preprocessors.bandpass import Bandpass
from fusionkit.preprocessors.baseline import Baseline
from fusionkit.preprocessors.notch import Notch
from fusionkit.preprocessors.spikes import Spikes

FILTERS = [
    (Bandpass, 2000.0, {}),
    (Bandpass, 360.0, {"low": 0.5, "high": None}),
    (Bandpass, 250.0, {"low": None, "high": 1.0}),
    (Bandpass, 500.0, {"low": 20.0, "high": 30.0, "order": 8}),
    (Bandpass, 4000.0, {"low": 49.0, "high": 51.0, "order": 4}),
    (Notch, 2000.0, {"harmonics": 3}),
    (Notch, 360.0, {"freq": 60.0, "q": 100.0}),
    (Baseline, 360.0, {}),
    (Baseline, 250.0, {"widths": (0.333, 0.5, 1.0)}),
]


@pytest.mark.parametrize(("component", "rate", "options"), FILTERS)
@pytest.mark.parametrize("place", ["start", "middle", "end"])
def test_window_with_context_equals_the_whole_recording(component, rate, options, place):
    preprocessor = component(rate, **options)
    context, length = int(np.ceil(preprocessor.context * rate)), 300
    total = 4 * context + 3 * length
    rng = np.random.default_rng(1)
    x = (rng.normal(size=(2, total)) + 0.02 * np.cumsum(rng.normal(size=(2, total)), axis=1) + 5).astype(np.float32)
    x[:, : total // 3] *= 3
    start = {"start": 10, "middle": 2 * context + length, "end": total - length - 7}[place]
    left, right = max(0, start - context), min(total, start + length + context)
    found = preprocessor(x[:, left:right])[:, start - left : start - left + length]
    expected = preprocessor(x)[:, start : start + length]
    assert abs(found - expected).max() <= 1e-3 * abs(x).max()
    assert 0 < preprocessor.context < 10


@pytest.mark.parametrize(("component", "rate", "options"), FILTERS)
def test_channels_are_changed_alone(component, rate, options):
    x = np.random.default_rng(0).normal(size=(3, 800)).astype(np.float32)
    preprocessor = component(rate, **options)
    np.testing.assert_array_equal(preprocessor(x), np.concatenate([preprocessor(x[[i]]) for i in range(3)]))


@pytest.mark.parametrize(
    ("component", "rate", "options", "message"),
    [
        (Bandpass, 800.0, {}, "low is 25 Hz and high is 400 Hz; expected low < high < 400 Hz"),
        (Bandpass, 125.0, {"low": 70.0, "high": None}, "low is 70 Hz and high is none; .* 62.5 Hz, half the sample"),
        (Bandpass, 2000.0, {"low": 50.0, "high": 50.0}, "low is 50 Hz and high is 50 Hz"),
        (Bandpass, 2000.0, {"low": 60.0, "high": 50.0}, "low is 60 Hz and high is 50 Hz"),
        (Bandpass, 2000.0, {"low": None, "high": None}, "low and high are both none"),
        (Baseline, 360.0, {"widths": ()}, "widths is empty; expected one or more"),
        (Baseline, 360.0, {"widths": (0.001,)}, "widths is 0.001 s; .* 3 samples, which at 360 Hz are 0.00833 s"),
        (Baseline, 100.0, {"widths": (0.2, 0.02)}, "widths is 0.2 s, 0.02 s; .* at 100 Hz are 0.03 s"),
        (Notch, 100.0, {}, "freq 50 Hz with 1 harmonics reaches 50 Hz; expected less than 50 Hz"),
        (Notch, 360.0, {"freq": 60.0, "harmonics": 3}, "reaches 180 Hz; expected less than 180 Hz"),
    ],
)
def test_what_the_sample_rate_cannot_hold_is_refused(component, rate, options, message):
    with pytest.raises(UsageError, match=message):
        component(rate, **options)


@pytest.mark.parametrize("rate", [100.0, 360.0, 999.0])
def test_a_baseline_of_three_samples_leaves_something(rate):
    x = np.random.default_rng(0).normal(size=(1, 50)).astype(np.float32)
    assert Baseline(rate, widths=(3 / rate,))(x).any()


def test_baseline_takes_a_step_and_leaves_narrow_waves():
    x = np.zeros((1, 2000), dtype=np.float32)
    x[0, 100::200] = x[0, 101::200] = 1
    moved = x + np.where(np.arange(2000) < 1000, 7, -3).astype(np.float32)
    found = Baseline(250.0)(moved)
    np.testing.assert_array_equal(found, x)


def heart(samples=4000):
    return np.sin(np.arange(samples) / 5).astype(np.float32)[np.newaxis]


def test_a_spike_is_replaced_from_crossing_to_crossing():
    x = heart()
    sign = x[0] > 0
    x[0, 1230] = 10 if sign[1230] else -10
    first = last = 1230
    while sign[first - 1] == sign[1230]:
        first -= 1
    while sign[last + 1] == sign[1230]:
        last += 1
    found = Spikes(1000.0)(x)
    expected = x.copy()
    expected[0, first : last + 1] = 0
    np.testing.assert_array_equal(found, expected)
    assert 10 < last - first < 20


def test_a_spike_in_the_last_shorter_frame_is_found():
    x = heart(4100)
    x[0, 4090] *= 100
    assert abs(Spikes(1000.0)(x)).max() <= 1


def test_a_recording_that_is_mostly_silent_is_not_erased():
    x = heart()
    x[:, 1000:] = 0
    np.testing.assert_array_equal(Spikes(1000.0)(x), x)


def test_a_signal_that_never_crosses_zero_loses_one_frame_at_most():
    x = heart() + 2
    x[0, 1700] = 100
    found = Spikes(1000.0)(x)
    assert (found != x).sum() == 500
    assert (found[0, 1500:2000] == 0).all()


@pytest.mark.parametrize(("threshold", "kept"), [(3.0, False), (6.0, True)])
def test_threshold_is_a_multiple_of_the_median(threshold, kept):
    x = heart()
    x[0, 8] = 5
    assert bool(Spikes(1000.0, threshold=threshold)(x)[0, 8] == 5) == kept
