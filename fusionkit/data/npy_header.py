"""Read the header of an .npy array strictly: plain numbers only, never pickled objects."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from fusionkit.errors import DataError

_LENGTH_BYTES = {1: 2, 2: 4}
_LONGEST = 4096
_TEXT = re.compile(
    r"\{\s*'descr':\s*'(?P<dtype>[<>|=](?:f[248]|[iu][1248]))',\s*'fortran_order':\s*(?P<fortran>True|False),"
    r"\s*'shape':\s*\((?P<shape>[\d, ]{0,80})\),?\s*\}\s*"
)


@dataclass(frozen=True)
class NpyHeader:
    """Type, order and shape of an array, and at which byte it starts."""

    dtype: np.dtype[Any]
    fortran_order: bool
    shape: tuple[int, ...]
    start: int

    def arrange(self, numbers: NDArray[Any]) -> NDArray[Any]:
        """Return the numbers of the file, as they follow each other, in the shape of the array."""
        return numbers.reshape(self.shape[::-1]).T if self.fortran_order else numbers.reshape(self.shape)


def read_npy_header(path: Path, file: IO[bytes], size: int) -> NpyHeader:
    """Read the header and leave the file at the first number.

    Parameters
    ----------
    path : Path
        For messages.
    file : binary file
        At its start.
    size : int
        Its length in bytes.

    Raises
    ------
    DataError
        If it holds anything but plain numbers, or the shape does not fit the size.
    """
    start = file.read(8)
    length_bytes = _LENGTH_BYTES.get(start[6]) if len(start) == 8 and start[:6] == b"\x93NUMPY" else None
    if length_bytes is None:
        raise DataError(f"{path}: is no array file of version 1 or 2; write it with numpy.save")
    length = int.from_bytes(file.read(length_bytes), "little")
    text = file.read(min(length, _LONGEST)).decode("latin-1")
    found = _TEXT.fullmatch(text)
    if found is None or len(text) < length:
        raise DataError(f"{path}: holds no plain array of numbers: {' '.join(text.split())[:80]!r}")
    dtype = np.dtype(found["dtype"])
    shape = tuple(int(axis) for axis in found["shape"].replace(",", " ").split())
    offset = 8 + length_bytes + length
    if math.prod(shape) * dtype.itemsize != size - offset:
        raise DataError(
            f"{path}: declares the shape {shape} of {dtype}, {math.prod(shape) * dtype.itemsize} bytes; "
            f"it holds {size - offset}; get a new copy"
        )
    return NpyHeader(dtype, found["fortran"] == "True", shape, offset)
