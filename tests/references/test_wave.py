"""The waveform against scikit-learn."""

import numpy as np
import pytest
import torch
from sklearn.preprocessing import maxabs_scale, minmax_scale, scale

from fusionkit.interfaces import SignalSpec
from fusionkit.representations.wave import Wave

REFERENCES = {"none": lambda rows, axis: rows, "standard": scale, "min_max": minmax_scale, "peak": maxabs_scale}


@pytest.mark.parametrize("name", REFERENCES)
@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_scaling_equals_scikit_learn_whatever_the_unit(name, unit):
    x = (np.random.default_rng(1).normal(0.3, 1, (3, 2, 401)) * unit).astype(np.float32)
    expected = REFERENCES[name](x.reshape(6, 401).astype(np.float64), axis=1).reshape(x.shape)
    view = Wave(SignalSpec(2, 401, 100.0), scale=name)(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(view, expected, rtol=1e-5, atol=1e-6 * abs(expected).max())


@pytest.mark.parametrize("name", ["standard", "min_max"])
@pytest.mark.parametrize("level", [0.0, 0.1, -7e5])
def test_a_constant_channel_becomes_zero_and_leaves_the_others_alone(name, level):
    x = torch.randn(2, 2, 10_000, generator=torch.Generator().manual_seed(0))
    expected = Wave(SignalSpec(2, 10_000, 2000.0), scale=name)(x)[:, 1]
    x[:, 0] = level
    view = Wave(SignalSpec(2, 10_000, 2000.0), scale=name)(x)
    assert torch.equal(view[:, 0], torch.zeros(2, 10_000))
    assert torch.equal(view[:, 1], expected)


@pytest.mark.parametrize("name", ["standard", "min_max"])
def test_rounding_errors_around_a_constant_are_not_blown_up(name):
    x = torch.full((1, 1, 1000), 123.456)
    x[..., ::2] = torch.nextafter(x[..., ::2], torch.tensor(1e9))
    assert x.std() > 0
    assert torch.equal(Wave(SignalSpec(1, 1000, 100.0), scale=name)(x), torch.zeros_like(x))
