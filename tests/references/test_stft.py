"""The spectrogram against scipy and against the recipe of the ECG maps, both in float64."""

import numpy as np
import pytest
import scipy.fft
import torch
from scipy import signal

from fusionkit.interfaces import SignalSpec
from fusionkit.representations.stft import STFT


def noise(channels, samples, seed=0):
    return np.random.default_rng(seed).standard_normal((2, channels, samples)).astype(np.float32)


def view_of(x, rate=100.0, **options):
    return STFT(SignalSpec(x.shape[1], x.shape[2], rate), **options)(torch.from_numpy(x)).numpy()


def frames_of(x, window, hop):
    starts = range(0, x.shape[-1] - len(window) + 1, hop)
    frames = np.stack([x[..., start : start + len(window)] * window for start in starts], -2)
    return scipy.fft.fft(frames.astype(np.float64), axis=-1).swapaxes(-1, -2)


@pytest.mark.parametrize(("samples", "n_fft", "hop", "window"), [(400, 64, 16, "hann"), (401, 63, 7, "blackmanharris")])
def test_magnitude_equals_scipy(samples, n_fft, hop, window):
    x = noise(2, samples)
    transform = signal.ShortTimeFFT(signal.get_window(window, n_fft), hop, fs=100, mfft=n_fft, phase_shift=None)
    # Both centre frame t on sample t * hop; they pad differently, so frames that read no padding are compared.
    first, last = n_fft // 2 // hop + 1, (samples - n_fft) // hop
    expected = abs(transform.stft(x.astype(np.float64), p0=0, p1=last))[..., first:]
    view = view_of(x, n_fft=n_fft, hop_length=hop, window=window, log="none", scale="none")[..., first:last]
    np.testing.assert_allclose(view, expected, rtol=1e-4, atol=1e-5 * expected.max())


@pytest.mark.parametrize("sym", [False, True])
@pytest.mark.parametrize("part", ["magnitude", "power", "real"])
def test_two_sided_parts_equal_shifted_transforms_of_the_frames(sym, part):
    x = noise(2, 200)
    spectrum = scipy.fft.fftshift(frames_of(x, signal.get_window("blackman", 32, fftbins=not sym), 5), axes=-2)
    expected = {"magnitude": abs(spectrum), "power": abs(spectrum) ** 2, "real": abs(spectrum.real)}[part]
    view = view_of(
        x,
        n_fft=32,
        hop_length=5,
        window="blackman",
        sym=sym,
        center=False,
        part=part,
        sides="two",
        log="none",
        scale="none",
    )
    assert view.shape[-2:] == (32, 1 + (200 - 32) // 5)
    np.testing.assert_allclose(view, expected, rtol=1e-4, atol=1e-5 * expected.max())


@pytest.mark.parametrize("pad_mode", ["constant", "reflect"])
def test_centred_frames_read_the_padded_signal(pad_mode):
    x = noise(1, 101)
    padded = np.pad(x, ((0, 0), (0, 0), (16, 16)), mode=pad_mode)
    window = np.pad(signal.get_window("hann", 21), (5, 6))
    expected = abs(frames_of(padded, window, 8))[..., :17, :]
    view = view_of(x, n_fft=32, win_length=21, hop_length=8, pad_mode=pad_mode, log="none", scale="none")
    np.testing.assert_allclose(view, expected, rtol=1e-4, atol=1e-5 * expected.max())


@pytest.mark.parametrize("log", ["db", "log1p"])
def test_compression(log):
    x = noise(1, 300)
    power = abs(frames_of(x, signal.get_window("hann", 64), 16))[..., :33, :] ** 2
    levels = 10 * np.log10(power / power.max((-2, -1), keepdims=True))
    expected = np.log1p(power) if log == "log1p" else np.maximum(levels, -40.0)
    view = view_of(x, n_fft=64, hop_length=16, center=False, part="power", log=log, top_db=40.0, scale="none")
    np.testing.assert_allclose(view, expected, rtol=1e-4, atol=1e-3)


def resize(picture, size):
    """Bilinear, half-pixel centres, no antialiasing: linear interpolation along one axis after the other."""
    for axis, length in zip((-2, -1), size, strict=True):
        old = picture.shape[axis]
        at = (np.arange(length) + 0.5) * old / length - 0.5
        picture = np.apply_along_axis(lambda line, at=at, old=old: np.interp(at, np.arange(old), line), axis, picture)
    return picture


def ecg_map(beat):
    """The published steps, in float64: 20 log10 of the squared real part, clipped to mean + [0, 9] deviations."""
    window = signal.windows.blackman(32, sym=True)
    spectrum = scipy.fft.fftshift(frames_of(beat, window, 4), axes=-2)
    with np.errstate(divide="ignore"):
        levels = 20 * np.log10(abs(spectrum.real) ** 2)
    counted = np.where(np.isinf(levels), 0.0, levels)
    return np.clip(levels, counted.mean(), counted.mean() + 9 * counted.std())


def test_ecg_recipe():
    beat = np.random.default_rng(5).uniform(0, 1, 187).astype(np.float32)
    beat[120:] = 0  # zero-padded beats have frames of exact silence
    view = view_of(
        beat[None, None],
        125.0,
        n_fft=32,
        hop_length=4,
        window="blackman",
        sym=True,
        center=False,
        part="real",
        sides="two",
        multiplier=40.0,
        ref=1.0,
        top_db=None,
        clip_sigma=(0.0, 9.0),
        scale="none",
    )
    expected = ecg_map(beat)
    assert view.shape == (1, 1, 32, 39)
    assert len(np.unique(expected[:, -5:])) == 1  # the silent frames sit on the floor
    np.testing.assert_allclose(view[0, 0], expected, atol=0.02)


def test_size_and_scaling():
    x = noise(2, 300)
    magnitude = abs(frames_of(x, signal.get_window("hann", 64), 16))[..., :33, :]
    picture = resize(magnitude, (24, 40))
    expected = (picture - picture.mean((-2, -1), keepdims=True)) / picture.std((-2, -1), keepdims=True)
    view = view_of(x, n_fft=64, hop_length=16, center=False, log="none", size=(24, 40), scale="standard")
    np.testing.assert_allclose(view, expected, atol=1e-4)
