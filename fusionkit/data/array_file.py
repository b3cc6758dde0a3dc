"""Read signals from NumPy files."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusionkit.data.array_layout import RATE_NAMES, array_header, as_signal, choose_variable
from fusionkit.data.file_state import file_state
from fusionkit.data.npy_header import NpyHeader, read_npy_header
from fusionkit.data.signal_header import Declared, SignalHeader
from fusionkit.errors import DataError

_MOST_MEMBERS = 1000
_MOST_BYTES = 1 << 31
_MOST_RATIO = 200


class NpyFile:
    """Reads an array [channel, time] or [time]; the manifest says its sample rate."""

    def header(self, path: Path, declared: Declared) -> SignalHeader:
        """Return the header, after comparing the declared shape with the size of the file."""
        return array_header(path, _npy(path).shape, declared.sample_rate)

    def samples(self, path: Path, declared: Declared, start: int, stop: int) -> NDArray[np.float32]:  # noqa: ARG002
        """Return the numbers as they are."""
        header = _npy(path)
        numbers = np.memmap(path, header.dtype, "r", header.start)
        return as_signal(path, header.arrange(numbers), start, stop)


class NpzFile:
    """Reads the only array of an archive, or the one that the manifest names.

    A number called ``sample_rate`` or ``fs`` in the archive is its sample rate. The last array that was read is kept in
    memory.
    """

    def header(self, path: Path, declared: Declared) -> SignalHeader:
        """Return the header; no array is unpacked."""
        with _archive(path) as archive:
            headers = {name: _npz(path, archive, name) for name in _members(path, archive)}
        shapes = {name: header.shape for name, header in headers.items()}
        rates = [name for name in RATE_NAMES if name in shapes and np.prod(shapes[name]) == 1]
        rate = float(_array(path, *file_state(path), rates[0]).item()) if rates else declared.sample_rate
        return array_header(path, shapes[choose_variable(path, shapes, declared)], rate)

    def samples(self, path: Path, declared: Declared, start: int, stop: int) -> NDArray[np.float32]:
        """Return the numbers as they are."""
        with _archive(path) as archive:
            shapes = {name: _npz(path, archive, name).shape for name in _members(path, archive)}
        variable = choose_variable(path, shapes, declared)
        return as_signal(path, _array(path, *file_state(path), variable), start, stop)


def _npy(path: Path) -> NpyHeader:
    with path.open("rb") as file:
        return read_npy_header(path, file, path.stat().st_size)


@lru_cache(maxsize=1)
def _array(path: Path, modified: int, size: int, variable: str) -> NDArray[Any]:  # noqa: ARG001
    with _archive(path) as archive:
        header = _npz(path, archive, variable)
        content = archive.read(f"{variable}.npy")
    return header.arrange(np.frombuffer(content, header.dtype, offset=header.start))


@contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, OverflowError) as error:
        raise ValueError(f"it is damaged: {error}") from error


def _members(path: Path, archive: zipfile.ZipFile) -> list[str]:
    members = archive.infolist()
    names = [member.filename for member in members]
    if len(names) > _MOST_MEMBERS or len(set(names)) != len(names):
        raise DataError(f"{path}: holds {len(names)} members; expected at most {_MOST_MEMBERS}, each name once")
    for member in members:
        if member.file_size > _MOST_BYTES or member.file_size > _MOST_RATIO * max(member.compress_size, 1) + (1 << 20):
            raise DataError(
                f"{path}: {member.filename!r} unpacks {member.compress_size} bytes to {member.file_size}; a member has "
                f"at most {_MOST_BYTES} bytes, and at most {_MOST_RATIO} times the packed ones; save it as .npy"
            )
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise DataError(f"{path}: {member.filename!r} is packed in a way that is not read; use numpy.savez")
    return [name.removesuffix(".npy") for name in names if name.endswith(".npy")]


def _npz(path: Path, archive: zipfile.ZipFile, name: str) -> NpyHeader:
    member = archive.getinfo(f"{name}.npy")
    with archive.open(member) as file:
        return read_npy_header(path, file, member.file_size)
