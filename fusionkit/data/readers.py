"""Read recordings from files; the suffix of the name chooses the reader."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from fusionkit.data.array_file import NpyFile, NpzFile
from fusionkit.data.edf import EdfFile
from fusionkit.data.mat_file import MatFile
from fusionkit.data.signal_header import NOTHING_DECLARED, Declared, Reader, SignalHeader
from fusionkit.data.sound_file import SoundFile
from fusionkit.data.table_file import TableFile
from fusionkit.data.wfdb_signal import WfdbRecord, signal_files, verify_checksums
from fusionkit.errors import DataError

_SOUND = SoundFile()
_EDF = EdfFile()
_FASTEST = 1e7
_WFDB = ".hea"
READERS: Mapping[str, Reader] = MappingProxyType(
    {
        ".wav": _SOUND,
        ".flac": _SOUND,
        _WFDB: WfdbRecord(),
        ".edf": _EDF,
        ".bdf": _EDF,
        ".npy": NpyFile(),
        ".npz": NpzFile(),
        ".csv": TableFile(),
        ".mat": MatFile(),
    }
)


def read_header(path: str | Path, declared: Declared = NOTHING_DECLARED) -> SignalHeader:
    """Return the header of a recording.

    Parameters
    ----------
    path : str or Path
        The file.
    declared : Declared
        What the manifest says of it.

    Raises
    ------
    DataError
        If no reader knows the suffix, the file is missing, unreadable, damaged, truncated or empty, or its sample
        rate is not the declared one.
    """
    path = Path(path)
    with _one_line(path):
        header = _reader(path).header(path, declared)
    if not header.samples:
        raise DataError(f"{path}: holds no samples")
    if not 0 < header.sample_rate <= _FASTEST:
        raise DataError(
            f"{path}: has a sample rate of {header.sample_rate:g} Hz; expected more than 0, at most {_FASTEST:g}"
        )
    if declared.sample_rate is not None and header.sample_rate != declared.sample_rate:
        raise DataError(
            f"{path}: has a sample rate of {header.sample_rate:g} Hz, but the manifest says {declared.sample_rate:g} Hz"
        )
    return header


def read_samples(path: str | Path, start: int, stop: int, declared: Declared = NOTHING_DECLARED) -> NDArray[np.float32]:
    """Return samples of a recording.

    Parameters
    ----------
    path : str or Path
        A file whose header has been read.
    start, stop : int
        First sample, and the one after the last.
    declared : Declared
        What the manifest says of it.

    Returns
    -------
    ndarray [channel, time] of float32
        Shares of the full scale from sound files, voltages in mV, other physical units and arrays as they are.

    Raises
    ------
    DataError
        As for `read_header`, and if the file holds fewer samples.
    """
    path = Path(path)
    with _one_line(path):
        samples = _reader(path).samples(path, declared, start, stop)
    if samples.shape[1] != stop - start:
        raise DataError(
            f"{path}: is truncated: samples {start} to {stop} were asked for, {samples.shape[1]} can be read; "
            "get a new copy"
        )
    return samples


def recording_files(path: str | Path) -> tuple[Path, ...]:
    """Return the files that hold a recording: the header of a WFDB record comes with its signal files.

    Raises
    ------
    DataError
        As for `read_header`.
    """
    path = Path(path)
    with _one_line(path):
        return (path, *signal_files(path)) if path.suffix.lower() == _WFDB else (path,)


def verify_recording(path: str | Path) -> tuple[str, ...]:
    """Compare the samples of a recording with the checksums that its file has of them.

    Returns
    -------
    tuple of str
        What does not agree; empty too where the file has no checksums.

    Raises
    ------
    DataError
        As for `read_samples`.
    """
    path = Path(path)
    with _one_line(path):
        return verify_checksums(path) if path.suffix.lower() == _WFDB else ()


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
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"{path}: cannot be read: {' '.join(reason.split())}") from error
