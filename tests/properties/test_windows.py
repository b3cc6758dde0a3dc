import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import resample_poly

from fusionkit.data.recordings import ArrayRecordings
from fusionkit.data.resample import resample_ratio
from fusionkit.data.scan import scan
from fusionkit.data.settings import DataSettings
from fusionkit.data.windows import WindowReader, plan_windows

RATE = 50


def cut(samples, **options):
    signal = np.random.default_rng(samples).uniform(-0.5, 0.5, (1, 1, samples)).astype(np.float32)
    recordings = ArrayRecordings(signal, RATE, ["x"])
    chosen = DataSettings(**options)
    scanned = scan(recordings, chosen)
    plan = plan_windows(scanned, chosen)
    reader = WindowReader(recordings, scanned)
    return signal[0], plan, np.stack([reader.read(row) for row in plan.to_dict("records")])


@settings(max_examples=60, deadline=None)
@given(samples=st.integers(30, 600), length=st.integers(2, 200), hop=st.integers(1, 250))
def test_hop_windows_are_regular_inside_and_reach_the_end(samples, length, hop):
    signal, plan, windows = cut(samples, duration=length / RATE, window="hop", hop=hop / RATE)
    starts = [round(start * RATE) for start in plan["start"]]
    expected = list(range(0, samples - length + 1, hop)) or [0]
    assert starts == expected
    for start, window in zip(starts, windows, strict=True):
        inside = signal[:, start : start + length]
        np.testing.assert_array_equal(window[:, : inside.shape[1]], inside)
        assert not window[:, inside.shape[1] :].any()
    assert samples - (starts[-1] + length) < hop
    assert plan["window"].is_unique


@settings(max_examples=40, deadline=None)
@given(samples=st.integers(60, 400), target=st.integers(20, 200), start=st.integers(0, 3), length=st.integers(10, 60))
def test_resampling_a_window_equals_cutting_the_resampled_recording(samples, target, start, length):
    up, down = resample_ratio(RATE, target)
    hop = down * max(1, start)
    signal, plan, windows = cut(
        samples, duration=length / target, window="hop", hop=hop / RATE, sample_rate=float(target)
    )
    whole = resample_poly(signal.astype(float), up, down, axis=-1)
    for row, window in zip(plan.to_dict("records"), windows, strict=True):
        first = round(row["start"] * RATE) * up // down
        inside = whole[:, first : first + length]
        np.testing.assert_allclose(window[:, : inside.shape[1]], inside, atol=1e-6)
