import numpy as np
import pytest
import torch
from fusionkit.errors import UsageError
from fusionkit.interfaces import SignalSpec
from scipy import signal as sp

from fusionkit_extras.gammatone import Gammatone

RATE = 2000.0


def centres(n_filters, f_min, f_max):
    """Invert the ERB-rate scale 21.4 log10(1 + 0.00437 f) of Glasberg and Moore by search, not by its formula."""
    grid = np.linspace(f_min, f_max, 2_000_001)
    rate = 21.4 * np.log10(1 + 0.00437 * grid)
    wanted = rate[0] + (rate[-1] - rate[0]) * (np.arange(n_filters) + 0.5) / n_filters
    return np.interp(wanted, rate, grid)


@pytest.mark.parametrize(("f_min", "f_max"), [(0.0, 1000.0), (25.0, 400.0)])
def test_weights_are_the_power_response_of_the_gammatone_filters_of_scipy(f_min, f_max):
    made = Gammatone(SignalSpec(1, 4000, RATE), n_filters=9, f_min=f_min, f_max=f_max, n_fft=256)
    # scipy samples the filter, so its response is that of the continuous one plus what folds over half the rate:
    # at a rate 64 times higher nothing does.
    for row, centre in enumerate(centres(9, f_min, f_max)):
        taps, _ = sp.gammatone(centre, "fir", order=4, numtaps=1 << 15, fs=64 * RATE)
        _, response = sp.freqz(taps, worN=np.arange(129) * RATE / 256, fs=64 * RATE)
        np.testing.assert_allclose(made.weights[:, row], np.abs(response) ** 2, rtol=2e-3, atol=1e-5)


def test_map_is_what_scipy_makes_of_the_same_frames():
    x = np.random.default_rng(0).standard_normal((2, 3, 1001))
    made = Gammatone(SignalSpec(3, 1001, RATE), n_filters=7, n_fft=128, hop_length=50, top_db=30.0)
    transform = sp.ShortTimeFFT(sp.get_window("hann", 128), 50, RATE, mfft=128, fft_mode="onesided")
    frames = transform.stft(x, p0=1, p1=1 + (1001 - 128) // 50 + 1, k_offset=14)
    energy = np.einsum("bckt,km->bcmt", np.abs(frames) ** 2, made.weights.double().numpy())
    levels = 10 * np.log10(energy)
    levels = np.maximum(levels, levels.max((-2, -1), keepdims=True) - 30)
    expected = (levels - levels.mean((-2, -1), keepdims=True)) / levels.std((-2, -1), keepdims=True)
    view = made(torch.from_numpy(x).float()).numpy()
    assert view.shape == expected.shape
    np.testing.assert_allclose(view, expected, atol=2e-4)


def test_tone_is_loudest_in_the_band_around_it():
    time = np.arange(4000) / RATE
    bands = centres(32, 0.0, 1000.0)
    made = Gammatone(SignalSpec(1, 4000, RATE), n_filters=32, n_fft=512)
    for band in (8, 16, 24):
        tone = torch.from_numpy(np.sin(2 * np.pi * bands[band] * time)).float()[None, None]
        assert int(made(tone).mean(-1).argmax()) == band


@pytest.mark.parametrize("gain", [1e-12, 1e-3, 1e6])
def test_unit_of_the_signal_does_not_matter(gain):
    x = torch.randn(1, 1, 2000, generator=torch.Generator().manual_seed(0))
    made = Gammatone(SignalSpec(1, 2000, RATE))
    torch.testing.assert_close(made(gain * x), made(x), atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize(("samples", "rate"), [(1, 125.0), (17, 125.0), (187, 125.0), (5001, 4000.0), (3600, 360.0)])
def test_defaults_fit_any_signal(samples, rate):
    view = Gammatone(SignalSpec(1, samples, rate))(torch.randn(2, 1, samples))
    assert view.shape[:3] == (2, 1, 64)
    assert view.isfinite().all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"f_max": 1001.0}, "the band is 0 to 1001 Hz; expected f_min < f_max <= 1000"),
        ({"f_min": 400.0, "f_max": 400.0}, "the band is 400 to 400 Hz"),
        ({"n_fft": 101}, "n_fft is 101, but a window of the signal has 100 samples"),
    ],
)
def test_what_cannot_be_made_is_refused_in_one_line(options, message):
    with pytest.raises(UsageError, match=message) as caught:
        Gammatone(SignalSpec(1, 100, RATE), **options)
    assert "\n" not in str(caught.value)
