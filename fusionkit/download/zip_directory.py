"""Count the entries of a zip before Python's reader makes an object of each of a hundred million."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

_END = b"PK\x05\x06"
_END_BYTES = 22
_LOCATOR, _LOCATOR_BYTES = b"PK\x06\x07", 20  # of the 64-bit end, which stands before it
_END64, _END64_BYTES = b"PK\x06\x06", 56
_ENTRY_BYTES = 46
_TAIL = _END_BYTES + 0xFFFF + _LOCATOR_BYTES + _END64_BYTES
_LONGEST_ENTRY = 1024  # bytes of the directory that an ordinary entry stays below


def count_entries(path: Path, most: int) -> int:
    """Return the number of entries in the directory of a zip, or ``most + 1`` where there are more.

    Raises
    ------
    BadZipFile
        If there is no directory.
    """
    with path.open("rb") as file:
        length = file.seek(0, 2)
        tail_start = file.seek(max(0, length - _TAIL))
        tail = file.read()
        end = tail.rfind(_END)
        if end < 0 or len(tail) - end < _END_BYTES:
            raise zipfile.BadZipFile("it has no directory at its end")
        size = int.from_bytes(tail[end + 12 : end + 16], "little")
        end64 = end - _LOCATOR_BYTES - _END64_BYTES
        if end64 >= 0 and tail[end - _LOCATOR_BYTES :].startswith(_LOCATOR) and tail[end64:].startswith(_END64):
            size = int.from_bytes(tail[end64 + 40 : end64 + 48], "little")
            end = end64
        start = tail_start + end - size
        if start < 0:
            raise zipfile.BadZipFile("its directory is longer than the file")
        if size > most * _LONGEST_ENTRY:
            return most + 1
        file.seek(start)
        directory = file.read(size)
    count = position = 0
    while position + _ENTRY_BYTES <= size and count <= most:
        position += _ENTRY_BYTES + sum(struct.unpack_from("<HHH", directory, position + 28))
        count += 1
    return count
