"""What every built-in representation promises, on signals of many sizes and with its default options."""

import numpy as np
import pytest
import torch

from fusionkit.errors import UsageError
from fusionkit.interfaces import SignalSpec
from fusionkit.representations.mel import Mel
from fusionkit.representations.scalogram import Scalogram
from fusionkit.representations.stft import STFT
from fusionkit.representations.wave import Wave

VIEWS = [Wave, Mel, STFT, Scalogram]
SIGNALS = [
    SignalSpec(1, 10_000, 2000.0),
    SignalSpec(2, 360, 360.0),
    SignalSpec(1, 187, 125.0),
    SignalSpec(2, 1375, 5500.0),
    SignalSpec(1, 110_250, 22_050.0),
    SignalSpec(12, 501, 500.0),
    SignalSpec(1, 301, 1000 / 3),
    SignalSpec(3, 33, 8000.0),
    SignalSpec(1, 9, 100.0),
]


def noise(signal, batch=3):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(batch, signal.channels, signal.samples, generator=generator)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("signal", SIGNALS, ids=str)
def test_default_options_fit_every_signal(view, signal):
    module = view(signal)
    x = noise(signal, 2)
    before = x.clone()
    made = module(x)
    assert made.dtype == torch.float32
    assert made.isfinite().all()
    assert made.dim() == 1 + len(view.axes)
    assert made.shape[:2] == (2, signal.channels)
    assert made.flatten(2).std(-1).min() > 0.5
    assert torch.equal(x, before)
    assert not list(module.parameters())
    assert not module.state_dict()


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("level", [0.0, 1.0, -3e4])
@pytest.mark.parametrize("scale", ["none", "standard", "min_max", "peak"])
def test_silence_and_constants_are_finite(view, level, scale):
    signal = SignalSpec(2, 999, 500.0)
    made = view(signal, scale=scale)(torch.full((2, 2, 999), level))
    assert made.isfinite().all()
    if level == 0 and scale in ("standard", "min_max"):
        assert torch.equal(made, torch.zeros_like(made))


@pytest.mark.parametrize("view", VIEWS)
def test_gradients_stay_finite_in_silence(view):
    signal = SignalSpec(2, 600, 300.0)
    x = noise(signal)
    x[0] = 0
    x[1, :, 200:] = 0
    x.requires_grad_()
    made = view(signal)(x)
    (made * torch.linspace(-1, 1, made.shape[-1])).sum().backward()
    assert x.grad.isfinite().all()
    assert x.grad[2].abs().amin(-1).max() > 0


@pytest.mark.parametrize("view", VIEWS)
def test_a_map_depends_on_its_own_sample_and_channel_alone(view):
    signal = SignalSpec(3, 400, 200.0)
    x = noise(signal)
    made = view(signal)(x)
    x[1, 2] += 5
    again = view(signal)(x)
    changed = (made - again).flatten(2).abs().amax(-1) > 1e-5
    assert changed.nonzero().tolist() in ([[1, 2]], [])
    alone = view(SignalSpec(1, 400, 200.0))(x[:1, :1])
    torch.testing.assert_close(again[:1, :1], alone, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize(
    ("view", "options"),
    [
        (Wave, {}),
        (Mel, {"size": (20, 30), "scale": "min_max"}),
        (STFT, {"pad_mode": "reflect", "sides": "two", "part": "real", "clip_sigma": (-1.0, 3.0)}),
        (Scalogram, {}),
        (Scalogram, {"columns": None, "wavelet": "morl", "n_scales": 5, "log": "db"}),
    ],
)
def test_exported_graph_gives_the_same_numbers_for_any_batch(view, options, strict):
    signal = SignalSpec(2, 331, 200.0)
    module = view(signal, **options)
    batch = torch.export.Dim("batch", min=1, max=64)
    program = torch.export.export(module, (noise(signal),), dynamic_shapes=({0: batch},), strict=strict)
    for size in (1, 5):
        x = noise(signal, size)
        torch.testing.assert_close(program.module()(x), module(x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("signal", "n_fft"),
    [("1x10000@2000", 256), ("1x110250@22050", 2048), ("1x187@125", 32), ("2x1375@5500", 128), ("1x20@125", 20)],
)
def test_derived_transform_size(signal, n_fft):
    channels, samples, rate = (int(part) for part in signal.replace("@", "x").split("x"))
    stft = STFT(SignalSpec(channels, samples, float(rate)))
    assert (stft.spectrum.n_fft, stft.spectrum.hop_length) == (n_fft, n_fft // 4)


@pytest.mark.parametrize("mel_scale", ["slaney", "htk"])
@pytest.mark.parametrize("signal", SIGNALS, ids=str)
def test_derived_mel_bands_are_never_empty(signal, mel_scale):
    filters = Mel(signal, mel_scale=mel_scale).filters
    assert (filters.amax(0) > 0).all()
    assert 1 <= filters.shape[1] <= 64


def test_derived_scales_rise_and_stay_below_half_the_rate():
    signal = SignalSpec(1, 2000, 500.0)
    widths = (Scalogram(signal).filters.abs() > 0).any(0).sum(-1).numpy()
    assert (np.diff(widths) >= 0).all()
    assert widths[0] == pytest.approx(16 / 0.4, abs=3)  # cmor spans 16 samples a scale and is centred at 1 / scale
    assert widths[-1] == pytest.approx(16 * 200, abs=3)


PCG = SignalSpec(1, 1000, 500.0)


@pytest.mark.parametrize(
    ("view", "options", "words"),
    [
        (Mel, {"f_max": 251.0}, ["'mel'", "251", "250"]),
        (Mel, {"f_min": 100.0, "f_max": 100.0}, ["100", "f_min"]),
        (Mel, {"n_mels": 200}, ["200", "n_mels", "n_fft"]),
        (Mel, {"n_mels": 10**12}, ["1000000000000", "n_mels"]),
        (Mel, {"f_min": 100.0, "f_max": 100.01}, ["even 1", "n_fft"]),
        (Mel, {"n_fft": 2001}, ["2001", "1000 samples", "2000"]),
        (Mel, {"n_fft": 2000, "pad_mode": "reflect"}, ["2000", "1999"]),
        (Mel, {"n_fft": 1001, "center": False}, ["1001", "1000"]),
        (Mel, {"n_fft": 64, "win_length": 65}, ["win_length", "65", "64"]),
        (Mel, {"size": (224,)}, ["size", "224,224"]),
        (STFT, {"window": "hunn"}, ["'stft'", "'hunn'", "hann"]),
        (STFT, {"window": "gaussian"}, ["'gaussian'", "parameter"]),
        (STFT, {"clip_sigma": (9.0, 0.0)}, ["clip_sigma", "rising"]),
        (STFT, {"clip_sigma": (0.0, 9.0), "log": "none"}, ["clip_sigma", "db"]),
        (STFT, {"size": (1, 2, 3)}, ["size"]),
        (Scalogram, {"wavelet": "db4"}, ["'scalogram'", "'db4'", "cmor1.5-1.0"]),
        (Scalogram, {"wavelet": "cmor"}, ["'cmor'", "cmor1.5-1.0"]),
        (Scalogram, {"wavelet": "morlet"}, ["'morlet'", "morl"]),
        (Scalogram, {"scales": (1.0,), "n_scales": 3}, ["scales", "n_scales"]),
        (Scalogram, {"scales": (0.01,)}, ["0.01", "too small"]),
        (Scalogram, {"f_min": 1e-9}, ["f_min"]),
        (Scalogram, {"f_max": 300.0}, ["300", "250"]),
        (Scalogram, {"f_min": 80.0, "f_max": 50.0}, ["80", "50"]),
    ],
)
def test_impossible_options_are_told_in_one_line(view, options, words):
    with pytest.raises(UsageError) as caught:
        view(PCG, **options)
    message = str(caught.value)
    assert "\n" not in message
    assert [word for word in words if word not in message] == []
