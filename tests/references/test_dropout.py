"""Dropout against the binomial distribution, and against `torch.nn.functional.dropout` where both give one answer."""

import numpy as np
import pytest
import torch
from scipy.stats import binomtest

from fusionkit.layers.dropout import Draws, Dropout, kept_scale


@pytest.mark.parametrize("drop_rate", [0.001, 0.1, 0.2, 0.5, 0.937])
def test_share_of_dropped_numbers(drop_rate):
    torch.manual_seed(0)
    signs = Draws(drop_rate).signs((1000, 201))
    dropped = int((signs < 0).sum())
    # Probabilities are multiples of 1 / 32768.
    assert binomtest(dropped, signs.numel(), drop_rate).proportion_ci(0.9999).low <= drop_rate + 2**-16
    assert binomtest(dropped, signs.numel(), drop_rate).proportion_ci(0.9999).high >= drop_rate - 2**-16


def test_neighbours_are_independent():
    torch.manual_seed(1)
    kept = (Draws(0.5).signs((400_000,)) >= 0).numpy().astype(float)
    for lag in (1, 2, 3, 4, 8):
        assert abs(np.corrcoef(kept[:-lag], kept[lag:])[0, 1]) < 5 / np.sqrt(len(kept))


def test_the_generator_of_torch_decides():
    def draw(seed):
        torch.manual_seed(seed)
        draws = Draws(0.3)
        return torch.stack([draws.signs((50,)), draws.signs((50,)), Draws(0.3).signs((50,))])

    assert torch.equal(draw(0), draw(0))
    assert not torch.equal(draw(0), draw(1))
    assert len(draw(0).unique(dim=0)) == 3


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
    # The scale belongs to the probability that is drawn with, a multiple of 1 / 32768.
    for drop_rate in (0.001, 0.2, 0.333):
        drawn = round(drop_rate * 32768) / 32768
        assert kept_scale(drop_rate) == pytest.approx(1 / (1 - drawn), rel=1e-12)
