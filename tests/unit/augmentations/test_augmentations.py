"""What is drawn, measured over many generators; tolerances are five standard errors."""

import math

import numpy as np
import pytest
import torch
from scipy import signal, stats

from fusionkit.augmentations.gain import Gain
from fusionkit.augmentations.mixup import Mixup
from fusionkit.augmentations.noise import Noise
from fusionkit.augmentations.polarity import Polarity
from fusionkit.augmentations.spec_augment import SpecAugment
from fusionkit.augmentations.time_shift import TimeShift
from fusionkit.errors import UsageError

RATE = 100.0


def draws(augmentation, x, count):
    return [augmentation(x, np.random.default_rng(seed)) for seed in range(count)]


def noise(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize(
    ("component", "shape", "options"),
    [
        (Gain, (1, 20), {}),
        (Polarity, (1, 20), {}),
        (TimeShift, (1, 2000), {"max_shift": 10.0}),
        (Noise, (1, 20), {}),
        (SpecAugment, (1, 200, 200), {"n_freq_masks": 5, "freq_mask_share": 0.5}),
    ],
)
@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_p_is_the_share_of_changed_samples(component, shape, options, p):
    x, count = noise(*shape), 1000
    changed = sum(not torch.equal(y, x) for y in draws(component(RATE, p=p, **options), x, count))
    # One shift in 2001 is by nothing.
    assert changed == pytest.approx(p * count, abs=5 * math.sqrt(count * p * (1 - p)) + 5 * (component is TimeShift))


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_p_is_the_share_of_mixed_samples(p):
    mixing = Mixup(alpha=1.0, p=p)
    mixed = sum(mixing.share(np.random.default_rng(seed)) < 1 for seed in range(1000))
    assert mixed == pytest.approx(1000 * p, abs=5 * math.sqrt(1000 * p * (1 - p)))


def test_gain_is_uniform_in_decibels_and_the_same_for_all_channels():
    x = noise(3, 50)
    ratios = np.stack([(y / x).numpy() for y in draws(Gain(RATE, min_gain=-4.0, max_gain=10.0, p=1.0), x, 1000)])
    levels = 20 * np.log10(ratios)
    assert np.ptp(levels, axis=(1, 2)).max() < 1e-4
    assert stats.kstest(levels[:, 0, 0], stats.uniform(-4, 14).cdf).pvalue > 1e-4


def test_polarity_changes_every_sign():
    x = noise(2, 9)
    assert torch.equal(Polarity(RATE, p=1.0)(x, np.random.default_rng(0)), -x)


@pytest.mark.parametrize("fill", ["circular", "zeros"])
def test_time_shift_moves_by_every_number_of_samples_alike(fill):
    x = noise(2, 30).numpy()
    expected = {}
    for shift in range(-7, 8):
        moved = np.roll(x, shift, axis=1)
        if fill == "zeros":
            came = [place for place in range(30) if not 0 <= place - shift < 30]
            moved[:, came] = 0
        expected[moved.tobytes()] = shift
    drawn = draws(TimeShift(RATE, max_shift=0.07, fill=fill, p=1.0), torch.from_numpy(x), 1500)
    shifts = [expected[y.numpy().tobytes()] for y in drawn]
    counts = [shifts.count(shift) for shift in range(-7, 8)]
    assert stats.chisquare(counts).pvalue > 1e-4


def test_time_shift_refuses_a_shift_out_of_the_window():
    shift = TimeShift(RATE, max_shift=0.3)
    with pytest.raises(UsageError, match=r"max_shift is 0.3 s, but a window lasts 0.3 s; choose a shorter"):
        shift(noise(1, 30), np.random.default_rng(0))
    assert shift(noise(1, 31), np.random.default_rng(0)).shape == (1, 31)


@pytest.mark.parametrize(("component", "names"), [(Gain, ("min_gain", "max_gain")), (Noise, ("min_snr", "max_snr"))])
def test_an_empty_range_is_refused(component, names):
    low, high = names
    with pytest.raises(UsageError, match=f"{low} is 5 dB and {high} 4 dB; expected {low} <= {high}"):
        component(RATE, **{low: 5.0, high: 4.0})


def measured_snr(x, y):
    x, y = x.double().numpy(), y.double().numpy()
    return 10 * np.log10(x.var(axis=-1) / np.square(y - x).mean(axis=-1))


@pytest.mark.parametrize("colour", ["white", "pink"])
@pytest.mark.parametrize("snr", [-10.0, 0.0, 25.0])
def test_noise_has_the_ratio_asked_for_in_each_channel(colour, snr):
    x = noise(3, 1001) * torch.tensor([[1e-3], [1.0], [1e3]]) + torch.tensor([[0.0], [2.0], [0.0]])
    for y in draws(Noise(RATE, min_snr=snr, max_snr=snr, colour=colour, p=1.0), x, 5):
        np.testing.assert_allclose(measured_snr(x, y), snr, atol=1e-3)


def test_noise_ratio_is_uniform_in_decibels_and_the_same_for_all_channels():
    x = noise(2, 40)
    levels = [measured_snr(x, y) for y in draws(Noise(RATE, min_snr=3.0, max_snr=12.0, p=1.0), x, 1000)]
    assert np.ptp(levels, axis=1).max() < 1e-3
    assert stats.kstest(np.array(levels)[:, 0], stats.uniform(3, 9).cdf).pvalue > 1e-4


@pytest.mark.parametrize(("colour", "slope"), [("white", 0), ("pink", -1)])
def test_noise_has_its_colour_and_channels_have_noise_of_their_own(colour, slope):
    x = noise(2, 2**16)
    added = (Noise(RATE, colour=colour, p=1.0)(x, np.random.default_rng(0)) - x).double().numpy()
    frequency, power = signal.welch(added, nperseg=1024)
    fitted = np.polyfit(np.log(frequency[4:-4]), np.log(power[:, 4:-4]).T, 1)[0]
    np.testing.assert_allclose(fitted, slope, atol=0.06)
    assert abs(np.corrcoef(np.diff(added))[0, 1]) < 5 / math.sqrt(2**16)
    if colour == "white":
        assert stats.kstest(added[0] / added[0].std(), "norm").pvalue > 1e-4


@pytest.mark.parametrize("colour", ["white", "pink"])
def test_a_constant_channel_gets_no_noise(colour):
    x = torch.tensor([[0.0] * 64, [0.5] * 64])
    assert torch.equal(Noise(RATE, colour=colour, p=1.0)(x, np.random.default_rng(0)), x)


def masks(augmentation, x, count):
    """Return which rows and columns of each drawn view are masked, after a check that nothing else changed."""
    for y in draws(augmentation, x, count):
        changed = (y != x).numpy()
        rows, columns = changed.all(axis=(0, 2)), changed.all(axis=(0, 1))
        np.testing.assert_array_equal(changed, np.broadcast_to(rows[:, None] | columns, changed.shape))
        means = np.broadcast_to(x.double().numpy().mean(axis=(1, 2), keepdims=True), changed.shape)
        np.testing.assert_allclose(y.numpy()[changed], means[changed], rtol=1e-4)
        yield rows, columns


def test_spec_augment_fills_whole_rows_and_columns_with_the_mean_of_each_channel():
    x = noise(2, 30, 50) + torch.tensor([1.0, 9.0]).view(2, 1, 1)
    drawn = list(masks(SpecAugment(RATE, p=1.0, n_freq_masks=3, n_time_masks=1), x, 200))
    assert max(rows.sum() for rows, _ in drawn) <= 9
    assert max(columns.sum() for _, columns in drawn) <= 5
    assert any(rows.any() and columns.any() for rows, columns in drawn)


@pytest.mark.parametrize("axis", ["freq", "time"])
def test_spec_augment_draws_every_width_and_then_every_place_alike(axis):
    counts = {"n_freq_masks": 0, "n_time_masks": 0, f"n_{axis}_masks": 1}
    augmentation = SpecAugment(RATE, p=1.0, **counts, **{f"{axis}_mask_share": 0.3})
    drawn = [rows if axis == "freq" else columns for rows, columns in masks(augmentation, noise(1, 10, 10), 2000)]
    widths = np.array([mask.sum() for mask in drawn])
    assert stats.chisquare(np.bincount(widths, minlength=4)).pvalue > 1e-4
    for width in (1, 2, 3):
        first = [int(mask.argmax()) for mask in drawn if mask.sum() == width]
        assert stats.chisquare(np.bincount(first, minlength=11 - width)).pvalue > 1e-4


def test_spec_augment_with_share_one_may_mask_all_and_with_share_zero_nothing():
    x = noise(1, 4, 5)
    assert any(rows.all() for rows, _ in masks(SpecAugment(RATE, p=1.0, freq_mask_share=1.0), x, 50))
    nothing = SpecAugment(RATE, p=1.0, freq_mask_share=0.0, time_mask_share=0.0)
    assert all(torch.equal(y, x) for y in draws(nothing, x, 20))


@pytest.mark.parametrize("alpha", [0.01, 0.2, 1.0, 8.0])
def test_mixup_shares_follow_the_beta_distribution(alpha):
    count = 2000
    shares = np.array([Mixup(alpha=alpha).share(np.random.default_rng(seed)) for seed in range(count)])
    variance = 1 / (4 * (2 * alpha + 1))
    assert shares.mean() == pytest.approx(0.5, abs=5 * math.sqrt(variance / count))
    spread = stats.beta(alpha, alpha).stats("k") + 2
    assert shares.var() == pytest.approx(variance, abs=5 * variance * math.sqrt(spread / count))
    if alpha >= 0.2:
        assert stats.kstest(shares, stats.beta(alpha, alpha).cdf).pvalue > 1e-4
