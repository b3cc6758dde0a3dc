"""The scalogram against PyWavelets in float64."""

import numpy as np
import pytest
import pywt
import torch

from fusionkit.interfaces import SignalSpec
from fusionkit.representations.scalogram import Scalogram

WAVELETS = ["morl", "mexh", "gaus1", "gaus8", "cgau3", "cmor1.5-1.0", "cmor0.5-2", "shan1.5-1.0", "fbsp1-1.5-1.0"]
SCALES = (1.0, 2.0, 3.3, 35.0, 60.0, 7.5, 150.0, *map(float, range(4, 20)))


def noise(channels, samples, seed=0):
    return np.random.default_rng(seed).standard_normal((2, channels, samples)).astype(np.float32)


def resize_columns(picture, columns):
    """Bilinear along time, half-pixel centres, no antialiasing."""
    old = picture.shape[-1]
    at = (np.arange(columns) + 0.5) * old / columns - 0.5
    return np.apply_along_axis(lambda line: np.interp(at, np.arange(old), line), -1, picture)


def cwt(x, scales, wavelet, **options):
    return abs(pywt.cwt(x.astype(np.float64), scales, wavelet, axis=-1, **options)[0]).transpose(1, 2, 0, 3)


def view_of(x, rate=100.0, **options):
    return Scalogram(SignalSpec(x.shape[1], x.shape[2], rate), **options)(torch.from_numpy(x)).numpy()


@pytest.mark.parametrize("wavelet", WAVELETS)
@pytest.mark.parametrize("samples", [256, 301])
def test_full_resolution_equals_pywt(wavelet, samples):
    x = noise(2, samples)
    expected = cwt(x, SCALES, wavelet)
    view = view_of(x, wavelet=wavelet, scales=SCALES, columns=None, log="none", scale="none")
    np.testing.assert_allclose(view, expected, rtol=1e-4, atol=2e-6 * expected.max())


@pytest.mark.parametrize("wavelet", ["morl", "cmor1.5-1.0", "gaus1"])
@pytest.mark.parametrize(("samples", "columns"), [(301, 40), (256, 128), (90, 224), (257, 1)])
@pytest.mark.parametrize("log", ["log1p", "none"])
def test_columns_equal_the_resized_full_map(wavelet, samples, columns, log):
    x = noise(2, samples, seed=1)
    full = cwt(x, SCALES, wavelet)
    expected = resize_columns(np.log1p(full) if log == "log1p" else full, columns)
    view = view_of(x, wavelet=wavelet, scales=SCALES, columns=columns, log=log, scale="none")
    np.testing.assert_allclose(view, expected, rtol=1e-4, atol=2e-6 * expected.max())


def test_precision_is_that_of_pywt():
    x = noise(1, 200)
    expected = cwt(x, (3.0, 40.0), "morl", precision=8)
    view = view_of(x, wavelet="morl", scales=(3.0, 40.0), precision=8, columns=None, log="none", scale="none")
    np.testing.assert_allclose(view, expected, rtol=1e-4, atol=2e-6 * expected.max())
    assert abs(expected - cwt(x, (3.0, 40.0), "morl")).max() > 1e-3 * expected.max()


def test_decibels():
    x = noise(1, 200)
    expected = 20 * np.log10(np.maximum(cwt(x, (3.0, 40.0), "cmor1.5-1.0"), 0.5))
    view = view_of(x, scales=(3.0, 40.0), columns=None, log="db", amin=0.5, scale="none")
    np.testing.assert_allclose(view, expected, atol=1e-3)


@pytest.mark.parametrize("wavelet", ["cmor1.5-1.0", "cmor3-2"])
@pytest.mark.parametrize("spacing", ["log", "linear"])
def test_the_row_of_a_tone_has_its_frequency(wavelet, spacing):
    """Over the root of the scale, the transform of a tone is largest where the wavelet is centred on the tone."""
    frequencies = np.geomspace(100, 10, 33) if spacing == "log" else np.linspace(100, 10, 33)
    tone = np.sin(2 * np.pi * frequencies[12] * np.arange(2000) / 500).astype(np.float32)[None, None]
    options = {"f_min": 10.0, "f_max": 100.0, "n_scales": 33, "spacing": spacing, "log": "none", "scale": "none"}
    view = view_of(tone, 500.0, wavelet=wavelet, **options)
    assert (view[0, 0, :, 32:96].mean(-1) * np.sqrt(frequencies)).argmax() == 12


def test_audiofuse_recipe():
    rng = np.random.default_rng(3)
    x = (0.3 * rng.standard_normal(110_250) * np.exp(-np.linspace(0, 4, 110_250))).astype(np.float32)
    scales = tuple(float(scale) for scale in range(1, 225))
    rows = [0, 1, 40, 111, 223]
    ours = Scalogram(
        SignalSpec(1, 110_250, 22_050.0), wavelet="morl", scales=scales, columns=224, scale="none", epsilon=1e-6
    )
    view = ours(torch.from_numpy(x)[None, None])[0, 0].numpy()
    assert view.shape == (224, 224)
    full = abs(pywt.cwt(x.astype(np.float64), np.array(scales)[rows], "morl", method="fft")[0])
    expected = resize_columns(np.log1p(full), 224)
    np.testing.assert_allclose(view[rows], expected, rtol=1e-4, atol=1e-6)
    scaled = Scalogram(
        SignalSpec(1, 110_250, 22_050.0), wavelet="morl", scales=scales, columns=224, scale="min_max", epsilon=1e-6
    )(torch.from_numpy(x)[None, None])[0, 0].numpy()
    np.testing.assert_allclose(scaled, (view - view.min()) / (view.max() - view.min() + 1e-6), atol=1e-6)
