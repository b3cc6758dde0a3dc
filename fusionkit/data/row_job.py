"""Rows that are computed a block at a time, by whichever process."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fusionkit.data.windows import WindowReader

if TYPE_CHECKING:
    from torch import nn

    from fusionkit.data.stored_rows import StoredRows


_LONG = 1 << 16  # bytes


def rows_a_hash(block: int, row_bytes: int) -> int:
    """Return how many rows have a hash in common: long ones have their own, so that a batch reads no others for it."""
    return 1 if row_bytes >= _LONG else block


def row_hashes(rows: NDArray[Any], block: int) -> bytes:
    """Return the SHA-256 of every `rows_a_hash` rows, one after the other; the rows are contiguous in memory."""
    content, row = rows.data.cast("B"), rows[:1].nbytes
    step = rows_a_hash(block, row) * row
    return b"".join(hashlib.sha256(content[start : start + step]).digest() for start in range(0, len(content), step))


class RowJob(Protocol):
    """Computes rows; can be sent to another process. A block has the same bits wherever it is computed."""

    @property
    def length(self) -> int:
        """Rows in all."""

    @property
    def block(self) -> int:
        """Rows a block; the last one may have fewer."""

    def __call__(self, number: int) -> NDArray[np.float32]:
        """Return the rows of one block."""


@dataclass(frozen=True)
class SignalJob:
    """Reads windows.

    Parameters
    ----------
    reader : WindowReader
        Reads a window.
    windows : list of dict
        The rows of the plan.
    block : int
        Windows a block.
    """

    reader: WindowReader
    windows: list[dict[Any, Any]]
    block: int

    @property
    def length(self) -> int:
        """Windows in all."""
        return len(self.windows)

    def __call__(self, number: int) -> NDArray[np.float32]:
        """Return [window, channel, time]."""
        start = number * self.block
        return np.stack([self.reader.read(window) for window in self.windows[start : start + self.block]])


@dataclass(frozen=True)
class ViewJob:
    """Computes the views of signals.

    Parameters
    ----------
    module : nn.Module
        A representation.
    signals : StoredRows or ndarray [window, channel, time]
        What it is applied to.
    block : int
        Windows that are computed together.
    """

    module: nn.Module
    signals: StoredRows | NDArray[np.float32]
    block: int

    @property
    def length(self) -> int:
        """Windows in all."""
        return len(self.signals)

    def __call__(self, number: int) -> NDArray[np.float32]:
        """Return [window, *axes]."""
        import torch

        start = number * self.block
        with torch.no_grad(), _one_thread():
            # A tensor of torch's own lies at a boundary of its own: kernels choose their path by that.
            view = self.module(torch.from_numpy(np.array(self.signals[start : start + self.block])).clone())
        found: NDArray[np.float32] = np.ascontiguousarray(view.numpy())
        return found


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Let torch compute in one thread: sums are rounded another way when threads share them."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@dataclass(frozen=True)
class Block:
    """One block that was written: its number, the `row_hashes`, and whether all its values are finite."""

    number: int
    hashes: bytes
    finite: bool


def write_block(job: RowJob, number: int, file: int, offset: int, rows: NDArray[np.float32] | None = None) -> Block:
    """Compute one block and write it at its place.

    Parameters
    ----------
    job : RowJob
        Computes it.
    number : int
        Which block.
    file : int
        Descriptor of a file.
    offset : int
        Where the first row of all lies, in bytes.
    rows : ndarray, optional
        The block, where it is known already.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    rows = np.ascontiguousarray(job(number) if rows is None else rows)
    content = rows.data.cast("B")
    place = offset + number * job.block * rows[:1].nbytes
    written = 0
    while written < len(content):
        written += os.pwrite(file, content[written:], place + written)
    return Block(number, row_hashes(rows, job.block), bool(np.isfinite(rows).all()))
