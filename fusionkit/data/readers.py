"""Read recordings from files; the suffix of the name chooses the reader."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
import soundfile
from numpy.typing import NDArray

from fusionkit.data.riff import check_riff
from fusionkit.errors import DataError


@dataclass(frozen=True)
class SignalHeader:
    """What a file says of itself.

    Parameters
    ----------
    channels, samples : int
        Channels, and samples a channel.
    sample_rate : float
        Samples a second, in Hz.
    channel_names : tuple of str
        Positions from 0 where the file has no names.
    """

    channels: int
    samples: int
    sample_rate: float
    channel_names: tuple[str, ...]


class Reader(Protocol):
    """How files with one suffix are read."""

    def header(self, path: Path) -> SignalHeader:
        """Return the header, after checking it against the file."""

    def samples(self, path: Path, start: int, stop: int) -> NDArray[np.float32]:
        """Return samples [channel, time]; fewer where the file ends early."""


class _SoundFile:
    def header(self, path: Path) -> SignalHeader:
        declared = check_riff(path) if path.suffix.lower() == ".wav" else None
        info = soundfile.info(str(path))
        if declared is not None and declared != info.frames:
            raise DataError(f"{path}: is damaged: its header declares {declared} samples, {info.frames} can be read")
        return SignalHeader(
            info.channels, info.frames, float(info.samplerate), tuple(str(channel) for channel in range(info.channels))
        )

    def samples(self, path: Path, start: int, stop: int) -> NDArray[np.float32]:
        samples, _ = soundfile.read(str(path), start=start, stop=stop, dtype="float32", always_2d=True)
        return np.ascontiguousarray(samples.T)


_SOUND = _SoundFile()
READERS: Mapping[str, Reader] = MappingProxyType({".wav": _SOUND, ".flac": _SOUND})


def read_header(path: str | Path) -> SignalHeader:
    """Return the header of a recording.

    Raises
    ------
    DataError
        If no reader knows the suffix, or the file is missing, unreadable, damaged, truncated or empty.
    """
    path = Path(path)
    with _one_line(path):
        header = _reader(path).header(path)
    if not header.samples:
        raise DataError(f"{path}: holds no samples")
    if not header.sample_rate > 0:
        raise DataError(f"{path}: has a sample rate of {header.sample_rate:g} Hz; expected more than 0")
    return header


def read_samples(path: str | Path, start: int, stop: int) -> NDArray[np.float32]:
    """Return samples of a recording.

    Parameters
    ----------
    path : str or Path
        A file whose header has been read.
    start, stop : int
        First sample, and the one after the last.

    Returns
    -------
    ndarray [channel, time] of float32
        Integer samples are divided by their full scale.

    Raises
    ------
    DataError
        As for `read_header`, and if the file holds fewer samples.
    """
    path = Path(path)
    with _one_line(path):
        samples = _reader(path).samples(path, start, stop)
    if samples.shape[1] != stop - start:
        raise DataError(
            f"{path}: is truncated: samples {start} to {stop} were asked for, {samples.shape[1]} can be read; "
            "get a new copy"
        )
    return samples


def _reader(path: Path) -> Reader:
    if not path.is_file():
        raise DataError(f"{path}: there is no such file")
    if not path.stat().st_size:
        raise DataError(f"{path}: is empty (0 bytes)")
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise DataError(f"{path}: no reader for the suffix {path.suffix!r}; known: {', '.join(sorted(READERS))}")
    return reader


@contextmanager
def _one_line(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, soundfile.LibsndfileError) as error:
        raise DataError(f"{path}: cannot be read: {_reason(error)}") from error


def _reason(error: Any) -> str:
    return " ".join(str(getattr(error, "error_string", None) or getattr(error, "strerror", None) or error).split())
