"""Check what the header of a WAV file promises against what the file holds."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

from fusionkit.errors import DataError

_HEADER = 8
_HIGHEST_RATE = 10_000_000
_PLAIN_FORMATS = (1, 3, 0xFFFE)  # PCM, float, extensible: as many bytes a frame as the header says


def check_riff(path: Path) -> int | None:
    """Compare the declared length of the samples of a WAV file with the size of the file.

    libsndfile shortens a truncated file without a word; hence this check.

    Parameters
    ----------
    path : Path
        A RIFF, RIFX (big-endian) or RF64 file.

    Returns
    -------
    int or None
        Samples a channel that the header declares; None for a compressed format.

    Raises
    ------
    DataError
        If the file is no WAV file, is truncated, or its chunks do not add up to its size.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        magic, _, kind = struct.unpack("<4sI4s", file.read(12).ljust(12, b"\0"))
        if magic not in (b"RIFF", b"RIFX", b"RF64") or kind != b"WAVE":
            raise DataError(f"{path}: is not a WAV file (no RIFF/WAVE header)")
        return _walk(file, path, size, ">" if magic == b"RIFX" else "<")


def _walk(file: BinaryIO, path: Path, size: int, order: str) -> int | None:
    long_length = tag = frame_bytes = data_bytes = None
    # One padding byte may be left over, or missing, at the end.
    while size - file.tell() >= _HEADER:
        name, length = struct.unpack(f"{order}4sI", file.read(_HEADER))
        left = size - file.tell()
        if name == b"data" and data_bytes is None:
            length = long_length if long_length is not None and length == 0xFFFFFFFF else length
            data_bytes = length
            if length > left:
                raise DataError(
                    f"{path}: is truncated: its header declares {length} bytes of samples, it holds {left}; "
                    "get a new copy"
                )
        if length > left:
            raise DataError(
                f"{path}: is damaged: chunk {name!r} declares {length} bytes, {left} are left; get a new copy"
            )
        body = file.tell()
        if name == b"ds64" and length >= 16:
            long_length = struct.unpack("<8xQ", file.read(16))[0]
        elif name == b"fmt " and length >= 16:
            tag, rate, frame_bytes = struct.unpack(f"{order}H2xI4xH", file.read(14))
            if not 0 < rate <= _HIGHEST_RATE:
                raise DataError(f"{path}: is damaged: its header declares a sample rate of {rate} Hz; get a new copy")
        file.seek(body + length + length % 2)
    if size - file.tell() > 1:
        raise DataError(f"{path}: is damaged: {size - file.tell()} bytes after its last chunk; get a new copy")
    if tag is None or not frame_bytes or data_bytes is None:
        raise DataError(f"{path}: is damaged: it has no format or no samples; get a new copy")
    if tag not in _PLAIN_FORMATS:
        return None
    if data_bytes % frame_bytes:
        raise DataError(
            f"{path}: is damaged: {data_bytes} bytes of samples are not a whole number of frames of {frame_bytes}; "
            "get a new copy"
        )
    return int(data_bytes // frame_bytes)
