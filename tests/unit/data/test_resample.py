import numpy as np
import pytest
from scipy.signal import resample_poly

from fusionkit.data.resample import resample, resample_ratio
from fusionkit.errors import DataError


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        (2000.0, 2000.0, (1, 1)),
        (2000.0, 22050.0, (441, 40)),
        (44100.0, 4000.0, (40, 441)),
        (360.0, 125.0, (25, 72)),
        (257.5, 515.0, (2, 1)),
    ],
)
def test_ratio_is_exact(source, target, expected):
    assert resample_ratio(source, target) == expected


@pytest.mark.parametrize(("source", "target"), [(2000.0001, 4000.0), (1.0, 20000.0), (20000.0, 1.0), (3.0, 3.14159265)])
def test_impossible_rates_are_named(source, target):
    with pytest.raises(DataError, match=f"{source!r} Hz cannot be resampled to {target!r} Hz"):
        resample_ratio(source, target)


@pytest.mark.parametrize(("source", "target"), [(2000, 22050), (2000, 1000), (360, 250)])
def test_a_sine_stays_that_sine(source, target):
    frequency = 37.0
    signal = np.sin(2 * np.pi * frequency * np.arange(source) / source).astype(np.float32)
    up, down = resample_ratio(source, target)
    result = resample(signal, up, down)
    assert result.dtype == np.float32
    assert len(result) == target
    expected = np.sin(2 * np.pi * frequency * np.arange(target) / target)
    inner = slice(target // 10, -target // 10)
    np.testing.assert_allclose(result[inner], expected[inner], atol=3e-3)


def test_channels_are_resampled_along_time():
    signal = np.random.default_rng(0).normal(size=(3, 50)).astype(np.float32)
    expected = resample_poly(signal.astype(float).T, 3, 2, axis=0).T
    np.testing.assert_allclose(resample(signal, 3, 2), expected, atol=1e-6)
