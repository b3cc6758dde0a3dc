from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile


@pytest.fixture
def wav(tmp_path: Path) -> Callable[..., Path]:
    """Write signals [channel, time] or [time] as float32 WAV files."""

    def write(name: str, signal: np.ndarray, rate: int = 100, subtype: str = "FLOAT") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, np.atleast_2d(signal).T, rate, subtype=subtype)
        return path

    return write


@pytest.fixture
def noise() -> Callable[..., np.ndarray]:
    """Noise [channel, time], another one for every seed."""

    def make(samples: int, seed: int = 0, channels: int = 1) -> np.ndarray:
        return np.random.default_rng(seed).uniform(-0.5, 0.5, (channels, samples)).astype(np.float32)

    return make
