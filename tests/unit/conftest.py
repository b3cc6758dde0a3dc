from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from fusionkit.datasets.folder import folder
from fusionkit.datasets.manifest_csv import manifest_csv
from fusionkit.encoders.cnn1d import CNN1d
from fusionkit.encoders.vit import ViT
from fusionkit.fusers.concat import Concat
from fusionkit.fusers.late_attention import LateAttention
from fusionkit.fusers.single import Single
from fusionkit.registry import Provider, Registry
from fusionkit.representations.mel import Mel
from fusionkit.representations.stft import STFT
from fusionkit.representations.wave import Wave


@pytest.fixture
def registry() -> Registry:
    """Return a small registry of our own."""
    registry = Registry()
    provider = Provider("fusionkit", "test")
    for representation in (("wave", Wave), ("mel", Mel), ("stft", STFT)):
        registry.register("representation", *representation, provider)
    for encoder in (("cnn1d", CNN1d), ("vit", ViT)):
        registry.register("encoder", *encoder, provider)
    for fuser in (("single", Single), ("concat", Concat), ("late_attention", LateAttention)):
        registry.register("fuser", *fuser, provider)
    for dataset in (("folder", folder), ("manifest", manifest_csv)):
        registry.register("dataset", *dataset, provider)
    return registry


@dataclass(frozen=True)
class Tones:
    """Recordings of tones: one frequency a class, 1 s at 500 Hz, four recordings of each of ten subjects."""

    x: NDArray[np.float32]
    labels: NDArray[np.str_]
    subjects: NDArray[np.str_]


@pytest.fixture
def tones() -> Callable[..., Tones]:
    """Make recordings of some classes; a subject has recordings of one class."""

    def make(classes: tuple[str, ...] = ("normal", "murmur"), subjects: int = 10) -> Tones:
        rng = np.random.default_rng(7)
        person = np.repeat(np.arange(subjects), 4)
        number = person % len(classes)
        time = np.arange(500) / 500
        phase = rng.uniform(0, 2 * np.pi, size=(len(person), 1))
        x = np.sin(2 * np.pi * (20 + 50 * number[:, None]) * time + phase) + 0.3 * rng.normal(size=(len(person), 500))
        names = np.array([f"s{index:02d}" for index in person])
        return Tones(x[:, None].astype(np.float32), np.array(classes)[number], names)

    return make
