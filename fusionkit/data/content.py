"""What a recording holds, as a hash: the same content has the same hash, whatever its name and date."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def file_hash(path: Path) -> str:
    """Return the SHA-256 of the bytes of a file, in hexadecimal."""
    with path.open("rb", buffering=0) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def array_hash(array: NDArray[Any]) -> str:
    """Return the SHA-256 of the type, the shape and the values of an array, in hexadecimal."""
    digest = hashlib.sha256(f"{array.dtype.str}{array.shape}".encode())
    digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
