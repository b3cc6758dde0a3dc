"""Rows on disk that are compared with their hashes when they are first read."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusionkit.data.entry_lock import share_lock
from fusionkit.data.row_job import RowJob, row_hashes, rows_a_hash

HASH = 32  # bytes


class DamagedEntryError(Exception):
    """An entry that does not hold what was written."""


class StoredRows:
    """An array whose rows are checked when they are first read, and computed anew where they are damaged.

    Reading is as cheap as that of a memory-mapped array: what is not read is not hashed, and what is read is hashed
    once a process, with the rows that share its hash. Bytes that change on disk after that are not noticed, unless they
    are read by another process.

    Parameters
    ----------
    path : Path
        A ``.npy`` file.
    offset : int
        Where the first row lies, in bytes.
    dtype, shape
        Of the array.
    block : int
        Rows that the job computes together.
    digests : bytes
        The SHA-256 of every `rows_a_hash` rows.
    name : str
        Names its content: the name of the entry.
    finite : bool
        Whether all values are finite.
    job : RowJob
        Computes a block anew.
    warn : callable
        Called with a line when rows are damaged.
    """

    def __init__(
        self,
        path: Path,
        offset: int,
        *,
        dtype: np.dtype[Any],
        shape: tuple[int, ...],
        block: int,
        digests: bytes,
        name: str,
        finite: bool,
        job: RowJob | None = None,
        warn: Callable[[str], None] | None = None,
    ) -> None:
        self.path, self.name, self.finite, self.shape, self.dtype = path, name, finite, shape, dtype
        self._file = path.open("rb")
        share_lock(self._file.fileno())  # nobody deletes what is in use
        self._array: NDArray[Any] = np.memmap(self._file, dtype, mode="r", offset=offset, shape=shape)
        self._offset, self._block, self._digests = offset, block, digests
        self._hashed = rows_a_hash(block, self._array[:1].nbytes)
        self._checked = np.zeros(len(digests) // HASH, dtype=bool)
        self._mending = threading.Lock()
        self.job, self.warn = job, warn

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> NDArray[Any]:
        """Return some rows, chosen by a number, a slice or an array, as NumPy does; read-only where it is no copy."""
        if not self._checked.all():
            for number in np.unique(np.arange(len(self))[rows] // self._hashed):
                if not self._checked[number]:
                    self._check(int(number))
        found: NDArray[Any] = np.asarray(self._array[rows])
        return found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return all rows."""
        return np.array(self[:], dtype=dtype, copy=copy)

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            self._file.close()

    def __reduce__(self) -> tuple[Any, ...]:
        from fusionkit.data.cache_entry import open_entry

        return open_entry, (self.path.parent, self.job)

    def _check(self, number: int) -> None:
        rows = self._array[number * self._hashed : (number + 1) * self._hashed]
        with self._mending:
            if not self._checked[number] and row_hashes(rows, self._block) != self._expected(number, number + 1):
                self._mend(number * self._hashed // self._block)
            self._checked[number] = True

    def _expected(self, first: int, stop: int) -> bytes:
        return self._digests[first * HASH : stop * HASH]

    def _mend(self, number: int) -> None:
        """Compute a block anew, on disk where that is possible."""
        rows = slice(number * self._block, min((number + 1) * self._block, len(self)))
        found = f"cache entry {self.path.parent}: rows {rows.start} to {rows.stop - 1} are damaged"
        if self.job is None:
            raise DamagedEntryError(found)
        if self.warn:
            self.warn(f"{found} and computed anew")
        block = np.ascontiguousarray(self.job(number), dtype=self.dtype)
        first, stop = rows.start // self._hashed, -(-rows.stop // self._hashed)
        # What a machine with other arithmetic has written is not what is computed here.
        if row_hashes(block, self._block) != self._expected(first, stop) or not self._write(block, rows.start):
            mended = np.array(self._array) if isinstance(self._array, np.memmap) else self._array
            mended.flags.writeable = True
            mended[rows] = block
            mended.flags.writeable = False
            self._array = mended
        self._checked[first:stop] = True

    def _write(self, block: NDArray[Any], start: int) -> bool:
        with contextlib.suppress(OSError), self.path.open("r+b") as file:
            os.pwrite(file.fileno(), block.data.cast("B"), self._offset + start * block[:1].nbytes)
            return True
        return False
