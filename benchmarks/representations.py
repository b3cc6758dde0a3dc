"""How fast representations are computed on one core, against what a user would write with the usual libraries.

    python -m benchmarks.representations [--rounds 7] [--seconds 5] [--only mel]

Every comparison takes the settings of AudioFuse (22 050 Hz) and the same noise; the ways take turns in every round. All
compute in one thread, and what is counted is the time of the processor, so that other programs disturb little. A ratio
is that of the two times of one round; printed are the median and the range over the rounds, and how far the results are
apart. A ratio above 1 means that fusionkit is faster.
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import librosa
import numpy as np
import pywt
import scipy.signal
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from fusionkit.interfaces import Representation, SignalSpec
from fusionkit.representations.mel import Mel
from fusionkit.representations.scalogram import Scalogram
from fusionkit.representations.stft import STFT
from fusionkit.representations.torchaudio_loader import load_torchaudio

RATE = 22050.0
SCALES = tuple(float(scale) for scale in range(1, 225))
BATCH = 8
_MOST, _ENOUGH = 5, 0.5  # times that a way is taken in a turn, and the CPU seconds after which it is not taken again
Way = Callable[[NDArray[np.float32]], NDArray[np.float32]]


@dataclass(frozen=True)
class Comparison:
    """One representation and its peers; `few` records are enough for slow peers, a batch for fast ones."""

    name: str
    target: float
    records: int
    representation: Representation
    peers: dict[str, Way]


def mel_peer(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Compute log-Mel spectrograms with librosa."""
    return np.stack(
        [
            librosa.power_to_db(
                librosa.feature.melspectrogram(y=record, sr=RATE, n_fft=2048, hop_length=512, n_mels=224), ref=np.max
            )
            for record in x
        ]
    )


def pywt_magnitude(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Compute whole scalograms with PyWavelets."""
    return np.stack([np.abs(pywt.cwt(record, SCALES, "morl", method="fft")[0]) for record in x]).astype(np.float32)


def pywt_resized(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Compute scalograms with PyWavelets and resize them to 224 columns."""
    maps = torch.from_numpy(np.log1p(pywt_magnitude(x)))[:, None]
    return F.interpolate(maps, size=(224, 224), mode="bilinear", align_corners=False)[:, 0].numpy()


def scipy_stft(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Compute the magnitude of the transform of scipy, which divides by the sum of the window."""
    window = scipy.signal.get_window("hann", 2048).astype(np.float32)
    _, _, spectrum = scipy.signal.stft(x, RATE, window, 2048, 2048 - 512, boundary="zeros", padded=False)
    return np.abs(spectrum) * window.sum()


def comparisons(samples: int) -> list[Comparison]:
    """Return what is measured."""
    signal = SignalSpec(1, samples, RATE)
    transform = load_torchaudio().transforms.Spectrogram(2048, hop_length=512, power=1.0, pad_mode="constant")

    def torchaudio_stft(x: NDArray[np.float32]) -> NDArray[np.float32]:
        return transform(torch.from_numpy(x)).numpy()

    frames = {"n_fft": 2048, "hop_length": 512, "scale": "none"}
    return [
        Comparison("mel", 2.5, BATCH, Mel(signal, n_mels=224, **frames), {"librosa": mel_peer}),
        Comparison(
            "scalogram",
            150.0,
            1,
            Scalogram(signal, wavelet="morl", scales=SCALES, log="log1p", columns=224, scale="none"),
            {"pywt fft + resize": pywt_resized},
        ),
        Comparison(
            "whole scalogram",
            2.0,
            1,
            Scalogram(signal, wavelet="morl", scales=SCALES, log="none", columns=None, scale="none"),
            {"pywt fft": pywt_magnitude},
        ),
        Comparison(
            "stft", 1.0, BATCH, STFT(signal, log="none", **frames), {"scipy": scipy_stft, "torchaudio": torchaudio_stft}
        ),
    ]


def compare(comparison: Comparison, samples: int, rounds: int) -> None:
    """Time the ways in turn and print a row a peer."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(BATCH, samples)).astype(np.float32)

    def ours(records: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.no_grad():
            return comparison.representation(torch.from_numpy(records)[:, None])[:, 0].numpy()

    few = x[: comparison.records]
    # A batch is what a run computes at once; of a slow peer one record a round is measured, and told by the record.
    mine = few if comparison.name == "whole scalogram" else x
    expected = ours(few)
    for peer in comparison.peers.values():
        peer(few)
    ratios: dict[str, list[float]] = {name: [] for name in comparison.peers}
    own: list[float] = []
    turns = [("", ours, mine), *((name, peer, few) for name, peer in comparison.peers.items())]
    for number in range(rounds):
        took = {name: seconds(way, records) for name, way, records in turns[:: 1 - 2 * (number % 2)]}
        own.append(took.pop(""))
        for name, value in took.items():
            ratios[name].append(value / own[-1])
    rate = 1 / statistics.median(own)
    for name, values in ratios.items():
        apart = float(np.abs(comparison.peers[name](few) - expected).max())
        median = statistics.median(values)
        verdict = "" if median >= comparison.target else "  BELOW TARGET"
        print(
            f"{comparison.name:16} {name:18} {median:7.2f} x  ({min(values):.2f} to {max(values):.2f}, "
            f"target {comparison.target:g})  {rate:7.1f} records/s  apart by {apart:.1e}{verdict}",
            flush=True,
        )


def seconds(way: Way, x: NDArray[np.float32]) -> float:
    """Return the shortest time of one record; a way that is quick is taken several times."""
    times: list[float] = []
    while len(times) < _MOST and sum(times) < _ENOUGH:
        begun = time.process_time()
        way(x)
        times.append(time.process_time() - begun)
    return min(times) / len(x)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--only")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    samples = round(arguments.seconds * RATE)
    print(f"one thread, {arguments.rounds} rounds, records of {samples} samples at {RATE:g} Hz")
    for comparison in comparisons(samples):
        if arguments.only in (None, comparison.name):
            compare(comparison, samples, arguments.rounds)


if __name__ == "__main__":
    main()
