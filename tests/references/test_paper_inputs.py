"""What AudioFuse and Vindas et al. (2022) feed their networks, with the libraries that they used."""

import cv2
import librosa
import numpy as np
import pytest
import pywt
import torch
from scipy.signal import windows

from fusionkit.interfaces import SignalSpec
from fusionkit.representations.mel import Mel
from fusionkit.representations.scalogram import Scalogram
from fusionkit.representations.stft import STFT
from fusionkit.testing import check_representation

HEART = SignalSpec(1, 110_250, 22_050.0)
IMAGE = {"size": (224, 224), "scale": "min_max", "epsilon": 1e-6}


@pytest.fixture(scope="module")
def heart_sound():
    """Five seconds: a decaying burst at each of ten heart sounds, over noise."""
    t = np.arange(HEART.samples) / HEART.sample_rate
    bursts = sum(np.exp(-40 * abs(t - at)) * np.sin(2 * np.pi * (60 + 9 * at) * t) for at in np.arange(0.3, 5, 0.45))
    return (0.3 * bursts + 1e-3 * np.random.default_rng(7).standard_normal(len(t))).astype(np.float32)


def audiofuse_image(picture):
    picture = cv2.resize(picture, (224, 224))
    return (picture - picture.min()) / (picture.max() - picture.min() + 1e-6)


def test_audiofuse_mel_is_that_of_librosa_and_opencv(heart_sound):
    power = librosa.feature.melspectrogram(y=heart_sound, sr=22_050, n_fft=2048, hop_length=512, n_mels=224)
    expected = audiofuse_image(librosa.power_to_db(power, ref=np.max, top_db=80))
    view = Mel(HEART, n_fft=2048, hop_length=512, n_mels=224, **IMAGE)(torch.from_numpy(heart_sound)[None, None])
    assert expected.std() > 0.05
    np.testing.assert_allclose(view[0, 0].numpy(), expected, atol=1e-4)


def test_audiofuse_scalogram_is_that_of_pywavelets_and_opencv(heart_sound):
    scales = np.arange(1, 225)
    coefficients, _ = pywt.cwt(heart_sound, scales, "morl", method="fft")
    expected = audiofuse_image(np.log1p(abs(coefficients)))
    ours = Scalogram(
        HEART, wavelet="morl", scales=tuple(map(float, scales)), columns=224, scale="min_max", epsilon=1e-6
    )
    assert expected.std() > 0.05
    np.testing.assert_allclose(ours(torch.from_numpy(heart_sound)[None, None])[0, 0].numpy(), expected, atol=1e-4)


def vindas_map(x, n_fft, hop, real_part):
    """The published loop, frame by frame and in float64."""
    window = windows.blackman(n_fft, sym=True)
    levels = np.full((n_fft, 1 + (len(x) - n_fft) // hop), -np.inf)
    start = column = 0
    while start + n_fft < len(x):
        spectrum = np.fft.fftshift(np.fft.fft(x[start : start + n_fft].astype(np.float64) * window))
        part = spectrum.real if real_part else abs(spectrum)
        with np.errstate(divide="ignore"):
            levels[:, column] = 20 * np.log10(part**2)
        start, column = start + hop, column + 1
    counted = np.where(np.isinf(levels), 0, levels)
    return np.clip(levels, counted.mean(), counted.mean() + 9 * counted.std())


def vindas_stft(signal, part, **options):
    return STFT(
        signal,
        window="blackman",
        sym=True,
        center=False,
        part=part,
        sides="two",
        multiplier=40.0,
        ref=1.0,
        top_db=None,
        clip_sigma=(0.0, 9.0),
        skip_end=True,
        scale="none",
        **options,
    )


@pytest.mark.parametrize("part", ["real", "magnitude"])
@pytest.mark.parametrize(("samples", "frames"), [(187, 39), (188, 40)])
def test_vindas_spectrogram_in_both_readings(part, samples, frames):
    beat = np.random.default_rng(samples).uniform(0, 1, samples).astype(np.float32)
    beat[128:164] = 0  # two frames of exact silence, which is -inf dB
    ours = vindas_stft(SignalSpec(1, samples, 125.0), part, n_fft=32, hop_length=4)
    view = ours(torch.from_numpy(beat)[None, None])[0, 0].numpy()
    expected = vindas_map(beat, 32, 4, part == "real")
    assert view.shape == expected.shape == (32, frames)
    assert (np.ptp(expected[:, -1]) == 0) == (samples == 188)  # the last frame fits exactly and stays empty
    np.testing.assert_allclose(view, expected, atol=0.02)


def test_the_all_but_zero_end_of_the_window_counts_as_published_where_amin_is_smaller():
    """A symmetric Blackman window ends on -1.4e-17, so a frame with its first sample alone has about -670 dB."""
    beat = np.random.default_rng(1).uniform(0.1, 1, 187).astype(np.float32)
    beat[125:] = 0
    ours = vindas_stft(SignalSpec(1, 187, 125.0), "magnitude", n_fft=32, hop_length=4, amin=1e-30)
    expected = vindas_map(beat, 32, 4, real_part=False)
    assert expected.mean() < -5
    np.testing.assert_allclose(ours(torch.from_numpy(beat)[None, None])[0, 0].numpy(), expected, atol=0.02)


def test_vindas_spectrogram_of_two_channels_is_one_map_a_channel():
    x = np.random.default_rng(2).standard_normal((2, 187)).astype(np.float32)
    view = vindas_stft(SignalSpec(2, 187, 125.0), "magnitude", n_fft=32, hop_length=4)(torch.from_numpy(x)[None])
    expected = [vindas_map(channel, 32, 4, real_part=False) for channel in x]
    np.testing.assert_allclose(view[0].numpy(), expected, atol=0.02)


HITS = SignalSpec(2, 1384, 5500.0)
# Published entries of the map (S. van der Walt, N. Smith, 2015), in steps of 1 / 255.
VIRIDIS = {0: (68, 1, 84), 64: (59, 82, 139), 128: (33, 145, 140), 192: (94, 201, 98), 255: (253, 231, 37)}


def colours_of(rows):
    return np.array([VIRIDIS[row] for row in rows]) / 255


def test_colours_are_those_of_viridis_from_the_smallest_to_the_largest_value():
    from fusionkit.layers.view_colour import Colouring

    steps = torch.tensor([[0.0, 64.5, 128.5], [192.5, 255.5, 256.0]]) * 3 - 7
    image = Colouring("viridis")(torch.stack([steps, -steps])[:, None])
    assert image.shape == (2, 3, 2, 3)
    rising = colours_of([0, 64, 128, 192, 255, 255]).T.reshape(3, 2, 3)
    np.testing.assert_allclose(image[0].numpy(), rising, atol=0.5 / 255 + 1e-6)
    np.testing.assert_allclose(image[1, :, 0, 0].numpy(), colours_of([255])[0], atol=0.5 / 255 + 1e-6)
    np.testing.assert_allclose(image[1, :, 1, 2].numpy(), colours_of([0])[0], atol=0.5 / 255 + 1e-6)


def coloured(levels):
    from matplotlib import colormaps

    unit = (levels - levels.min()) / (levels.max() - levels.min())
    return colormaps["viridis"](unit)[..., :3]


@pytest.mark.parametrize("part", ["real", "magnitude"])
def test_hits_image_is_that_of_the_quadrature_signal(part):
    x = np.random.default_rng(9).standard_normal((2, HITS.samples)).astype(np.float32)
    levels = vindas_map_of_complex(x[0] + 1j * x[1].astype(np.complex128), part == "real")
    expected = cv2.resize(coloured(levels), (96, 224)).transpose(2, 0, 1)
    ours = vindas_stft(HITS, part, n_fft=128, hop_length=8, colour_map="viridis", size=(224, 96))
    view = ours(torch.from_numpy(x)[None])[0].numpy()
    assert view.shape == expected.shape == (3, 224, 96)
    # float32 may put a level beside the edge between two of the 256 colours, which differ by up to 0.02.
    assert (abs(view - expected) > 1e-5).mean() < 0.01
    np.testing.assert_allclose(view, expected, atol=0.025)


def vindas_map_of_complex(z, real_part):
    window = np.blackman(128)
    frames = np.stack([z[start : start + 128] * window for start in range(0, len(z) - 128, 8)], axis=1)
    spectrum = np.fft.fftshift(np.fft.fft(frames, axis=0), axes=0)
    levels = 20 * np.log10((spectrum.real if real_part else abs(spectrum)) ** 2)
    empty = np.full((128, 1), -np.inf)  # the frame that would end with the signal
    counted = np.hstack([levels, np.zeros_like(empty)])
    return np.clip(np.hstack([levels, empty]), counted.mean(), counted.mean() + 9 * counted.std())


@pytest.mark.parametrize(("sign", "rows"), [(1, slice(64, 128)), (-1, slice(0, 64))])
def test_flow_towards_and_away_lie_on_the_two_sides(sign, rows):
    turn = 2 * np.pi * 0.1 * np.arange(HITS.samples)
    x = np.stack([np.cos(turn), sign * np.sin(turn)]).astype(np.float32)
    ours = vindas_stft(HITS, "magnitude", n_fft=128, hop_length=8, colour_map="viridis")
    red_and_green = ours(torch.from_numpy(x)[None])[0, :2].sum(0)  # yellow, the largest value, has most of both
    brightest = int(red_and_green.mean(1).argmax())
    assert range(128)[rows].start <= brightest < range(128)[rows].stop
    assert brightest - 64 == sign * round(0.1 * 128)


def test_image_of_other_signals_is_that_of_the_first_channel():
    x = torch.from_numpy(np.random.default_rng(4).standard_normal((1, 3, 500)).astype(np.float32))
    options = {"n_fft": 32, "hop_length": 8, "colour_map": "viridis", "size": (20, 30)}
    several = STFT(SignalSpec(3, 500, 100.0), **options)(x)
    assert several.shape == (1, 3, 20, 30)
    torch.testing.assert_close(several, STFT(SignalSpec(1, 500, 100.0), **options)(x[:, :1]))


@pytest.mark.parametrize("sides", ["one", "two"])
def test_coloured_representation_keeps_the_rules(sides):
    check_representation(STFT, sides=sides, colour_map="viridis", skip_end=True, scale="none")
