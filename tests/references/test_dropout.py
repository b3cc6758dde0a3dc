"""Dropout against the binomial distribution, and against `torch.nn.functional.dropout` where both give one answer."""

import numpy as np
import pytest
import torch
from scipy.stats import binomtest

from fusionkit.layers.dropout import Dropout, draw_kept, kept_scale


@pytest.mark.parametrize("drop_rate", [0.001, 0.1, 0.2, 0.5, 0.937])
def test_share_of_dropped_numbers(drop_rate):
    torch.manual_seed(0)
    kept = draw_kept((1000, 201), drop_rate)
    assert set(kept.unique().tolist()) == {0, 1}
    dropped = int((kept == 0).sum())
    # Probabilities are multiples of 1 / 65536.
    assert binomtest(dropped, kept.numel(), drop_rate).proportion_ci(0.9999).low <= drop_rate + 2**-17
    assert binomtest(dropped, kept.numel(), drop_rate).proportion_ci(0.9999).high >= drop_rate - 2**-17


def test_neighbours_are_independent():
    torch.manual_seed(1)
    kept = draw_kept((400_000,), 0.5).numpy().astype(float)
    for lag in (1, 2, 3, 4, 8):
        assert abs(np.corrcoef(kept[:-lag], kept[lag:])[0, 1]) < 5 / np.sqrt(len(kept))


def test_the_generator_of_torch_decides():
    def draw(seed):
        torch.manual_seed(seed)
        return torch.stack([draw_kept((50,), 0.3), draw_kept((50,), 0.3)])

    assert torch.equal(draw(0), draw(0))
    assert not torch.equal(draw(0), draw(1))
    assert not torch.equal(*draw(0))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_what_is_kept_is_scaled_and_so_is_its_gradient(dtype):
    torch.manual_seed(0)
    layer = Dropout(0.25)
    x = torch.rand(40, 30, dtype=dtype).add_(1).requires_grad_()
    y = layer(x)
    y.sum().backward()
    factor = (y / x).detach().float()
    assert y.dtype is x.grad.dtype is dtype
    assert torch.allclose(factor[factor != 0], torch.tensor(4 / 3), rtol=1e-2 if dtype is torch.bfloat16 else 1e-6)
    assert torch.allclose(x.grad.float(), factor, rtol=1e-2)
    assert 0 < (factor == 0).sum() < factor.numel()


@pytest.mark.parametrize("drop_rate", [0.0, 0.3])
def test_nothing_is_dropped_outside_training(drop_rate):
    x = torch.rand(5, 7)
    assert Dropout(drop_rate).eval()(x) is x
    assert Dropout(0.0)(x) is x
    assert Dropout(0.3)(x) is not x


def test_scale_keeps_the_mean():
    # The scale belongs to the probability that is drawn with, a multiple of 1 / 65536.
    for drop_rate in (0.001, 0.2, 0.333):
        drawn = round(drop_rate * 65536) / 65536
        assert kept_scale(drop_rate) == pytest.approx(1 / (1 - drawn), rel=1e-12)
