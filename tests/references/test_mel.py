"""The log-Mel spectrogram against librosa, and its filters against published constants."""

import librosa
import numpy as np
import pytest
import torch

from fusionkit.interfaces import SignalSpec
from fusionkit.representations.mel import Mel


def tones(channels, samples, rate, seed=0):
    """Chirps and noise over 60 dB, so that the floor of the decibels is reached."""
    rng = np.random.default_rng(seed)
    t = np.arange(samples) / rate
    sweep = np.sin(2 * np.pi * (0.02 + 0.1 * t / t[-1]) * rate * t) * np.exp(-5 * t / t[-1])
    return (sweep + 1e-3 * rng.standard_normal((2, channels, samples))).astype(np.float32)


def resize(picture, size):
    """Bilinear, half-pixel centres, no antialiasing: linear interpolation along one axis after the other."""
    for axis, length in zip((-2, -1), size, strict=True):
        old = picture.shape[axis]
        at = (np.arange(length) + 0.5) * old / length - 0.5
        picture = np.apply_along_axis(lambda line, at=at, old=old: np.interp(at, np.arange(old), line), axis, picture)
    return picture


def librosa_mel(x, rate, **options):
    return librosa.feature.melspectrogram(y=x, sr=rate, **options)


CASES = {
    "pcg": (2000, 10_000, {"n_fft": 256, "hop_length": 64, "n_mels": 64}, {}),
    "odd rate, htk, no norm": (
        125,
        187,
        {"n_fft": 64, "hop_length": 4, "n_mels": 12, "mel_scale": "htk", "norm": None},
        {"n_fft": 64, "hop_length": 4, "n_mels": 12, "htk": True, "norm": None},
    ),
    "short window, reflect": (
        5500,
        1375,
        {"n_fft": 256, "win_length": 200, "hop_length": 31, "window": "hamming", "pad_mode": "reflect", "n_mels": 20},
        {"n_fft": 256, "win_length": 200, "hop_length": 31, "window": "hamming", "pad_mode": "reflect", "n_mels": 20},
    ),
    "band, magnitude, no centre, odd n_fft": (
        22050,
        9001,
        {"n_fft": 1001, "f_min": 300.0, "f_max": 8000.0, "n_mels": 40, "power": 1.0, "center": False},
        {"n_fft": 1001, "fmin": 300.0, "fmax": 8000.0, "n_mels": 40, "power": 1.0, "center": False, "hop_length": 250},
    ),
    "fractional rate": (333.25, 999, {"n_fft": 64, "hop_length": 16, "n_mels": 20}, {}),
}


@pytest.mark.parametrize("case", CASES)
def test_map_equals_librosa(case):
    rate, samples, ours, theirs = CASES[case]
    x = tones(2, samples, rate)
    view = Mel(SignalSpec(2, samples, rate), **ours, log="none", scale="none")(torch.from_numpy(x)).numpy()
    expected = librosa_mel(x, rate, **(theirs or ours))
    np.testing.assert_allclose(view, expected, rtol=1e-4, atol=1e-7 * expected.max())


@pytest.mark.parametrize("top_db", [80.0, 30.0, None])
def test_decibels_equal_librosa(top_db):
    x = tones(2, 4001, 1000)
    ours = Mel(SignalSpec(2, 4001, 1000.0), n_fft=256, hop_length=50, n_mels=30, top_db=top_db, scale="none")
    view = ours(torch.from_numpy(x)).numpy()
    for sample in range(2):
        for channel in range(2):
            power = librosa_mel(x[sample, channel], 1000, n_fft=256, hop_length=50, n_mels=30)
            expected = librosa.power_to_db(power, ref=np.max, top_db=top_db)
            np.testing.assert_allclose(view[sample, channel], expected, atol=5e-3)


def test_decibels_of_magnitudes_and_an_absolute_reference_equal_librosa():
    x = tones(1, 2000, 1000)[0, 0]
    ours = Mel(
        SignalSpec(1, 2000, 1000.0), n_fft=128, hop_length=32, n_mels=20, power=1.0, ref=0.5, amin=1e-3, scale="none"
    )
    magnitude = librosa_mel(x, 1000, n_fft=128, hop_length=32, n_mels=20, power=1.0)
    expected = librosa.amplitude_to_db(magnitude, ref=0.5, amin=1e-3, top_db=80.0)
    np.testing.assert_allclose(ours(torch.from_numpy(x)[None, None])[0, 0].numpy(), expected, atol=5e-3)


def test_audiofuse_recipe():
    x = tones(1, 110_250, 22_050, seed=3)[:1]
    ours = Mel(
        SignalSpec(1, 110_250, 22_050.0),
        n_fft=2048,
        hop_length=512,
        n_mels=224,
        size=(224, 224),
        scale="min_max",
        epsilon=1e-6,
    )
    power = librosa_mel(x[0, 0], 22_050, n_fft=2048, hop_length=512, n_mels=224)
    assert power.shape == (224, 216)
    picture = resize(librosa.power_to_db(power, ref=np.max), (224, 224))
    expected = (picture - picture.min()) / (picture.max() - picture.min() + 1e-6)
    view = ours(torch.from_numpy(x))[0, 0].numpy()
    np.testing.assert_allclose(view, expected, atol=1e-4)


def test_slaney_bands_are_linear_below_1_khz():
    """1 mel is 200/3 Hz there (Slaney, Auditory Toolbox, 1998): 14 bands up to 1 kHz peak at its multiples."""
    mel = Mel(SignalSpec(1, 2000, 2000.0), n_fft=300, n_mels=14, norm=None)
    peaks = mel.filters.argmax(0) * 2000 / 300
    np.testing.assert_allclose(peaks, 200 / 3 * np.arange(1, 15), rtol=1e-6)


def test_slaney_bands_are_logarithmic_above_1_khz():
    """27 steps from 1 kHz to 6.4 kHz: the peaks of 26 bands between them have the ratio 6.4 ** (1 / 27)."""
    mel = Mel(SignalSpec(1, 64_000, 16_000.0), n_fft=16_000, n_mels=26, f_min=1000.0, f_max=6400.0, norm=None)
    np.testing.assert_allclose(mel.filters.argmax(0), 1000 * 6.4 ** (np.arange(1, 27) / 27), atol=1)


def test_htk_bands_follow_its_formula():
    """mel = 2595 log10(1 + f / 700) (Young et al., The HTK Book): 9 bands up to 2800 Hz, which is 1813.8 mel."""
    mel = Mel(SignalSpec(1, 56_000, 5600.0), n_fft=5600, n_mels=9, mel_scale="htk", norm=None)
    pitches = 2595 * np.log10(5) * np.arange(1, 10) / 10
    np.testing.assert_allclose(mel.filters.argmax(0), 700 * (10 ** (pitches / 2595) - 1), atol=1)
