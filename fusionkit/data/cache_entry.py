"""One array on disk with the hashes of its rows: a folder that appears whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import math
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fusionkit.data.entry_lock import UNFINISHED, finish, unfinished
from fusionkit.data.parallel_blocks import Progress, write_blocks
from fusionkit.data.row_job import RowJob, rows_a_hash, write_block
from fusionkit.data.stored_rows import HASH, DamagedEntryError, StoredRows

DATA = "data.npy"
MANIFEST = "manifest.json"


def open_entry(entry: Path, job: RowJob | None = None, warn: Callable[[str], None] | None = None) -> StoredRows:
    """Return the rows of an entry, which are checked when they are read.

    Parameters
    ----------
    entry : Path
        Its folder.
    job : RowJob, optional
        Computes damaged rows anew; without it, reading them raises `DamagedEntryError`.
    warn : callable, optional
        Called with a line when rows are damaged.

    Raises
    ------
    FileNotFoundError
        If there is no entry.
    DamagedEntryError
        If it is incomplete, or its manifest is not what was written.
    """
    if not entry.exists():
        raise FileNotFoundError(entry)
    try:
        stated, _, text = (entry / MANIFEST).read_bytes().partition(b"\n")
        if hashlib.sha256(text).hexdigest().encode() != stated:
            raise DamagedEntryError("its manifest does not match its SHA-256")
        manifest = json.loads(text)
        dtype, shape = np.dtype(manifest["dtype"]), tuple(manifest["shape"])
        header = _header(dtype, shape)
        with (entry / DATA).open("rb") as file:
            sound = file.read(len(header)) == header
            size = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise DamagedEntryError(f"it is incomplete ({error})") from error
    digests = bytes.fromhex(manifest["sha256"])
    hashes = -(-shape[0] // rows_a_hash(manifest["block"], math.prod(shape[1:]) * dtype.itemsize))
    whole = sound and size == len(header) + math.prod(shape) * dtype.itemsize and len(digests) == HASH * hashes
    if manifest["key"] != entry.name or not whole:
        raise DamagedEntryError("it does not hold what its manifest says")
    with contextlib.suppress(OSError):
        os.utime(entry / MANIFEST)  # when it was last used
    return StoredRows(
        entry / DATA,
        len(header),
        dtype=dtype,
        shape=shape,
        block=manifest["block"],
        digests=digests,
        name=entry.name,
        finite=manifest["finite"],
        job=job,
        warn=warn,
    )


def write_entry(entry: Path, label: str, job: RowJob, workers: int = 1, progress: Progress | None = None) -> None:
    """Compute rows and write them as one entry, unless another process does.

    Parameters
    ----------
    entry : Path
        Folder to write.
    label : str
        What it holds, for people.
    job : RowJob
        Computes a block; one row at least.
    workers : int
        Processes that compute, this one included.
    progress : callable, optional
        Called with the number of rows computed so far and of all; with 0 while another process computes.

    Raises
    ------
    OSError
        If the disk is full or cannot be written. Nothing is left behind.
    """
    with unfinished(entry, (lambda: progress(0, job.length)) if progress else None) as folder:
        if folder is not None:
            _fill(folder, entry.name, label, job, workers, progress)
            finish(folder, entry)


def remove_entry(entry: Path) -> None:
    """Take an entry away at once, then delete it."""
    away = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=entry.parent))
    with contextlib.suppress(FileNotFoundError):  # another process was first
        entry.replace(away / entry.name)
    shutil.rmtree(away, ignore_errors=True)


def _fill(folder: Path, key: str, label: str, job: RowJob, workers: int, progress: Progress | None) -> None:
    first = job(0)
    shape = (job.length, *first.shape[1:])
    header = _header(first.dtype, shape)
    count = -(-job.length // job.block)
    with (folder / DATA).open("wb") as file:
        file.write(header)
        file.flush()
        _reserve(file.fileno(), len(header) + job.length * first[:1].nbytes)
        blocks = [write_block(job, 0, file.fileno(), len(header), first)]
        if progress:
            progress(len(first), job.length)
        blocks += write_blocks(job, range(1, count), folder / DATA, len(header), workers, progress)
        os.fsync(file.fileno())
    manifest = {
        "key": key,
        "label": label,
        "dtype": first.dtype.str,
        "shape": shape,
        "block": job.block,
        "finite": all(block.finite for block in blocks),
        "sha256": b"".join(block.hashes for block in blocks).hex(),
    }
    text = json.dumps(manifest).encode()
    with (folder / MANIFEST).open("wb") as file:
        file.write(hashlib.sha256(text).hexdigest().encode() + b"\n" + text)
        file.flush()
        os.fsync(file.fileno())


def _header(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": dtype.str, "fortran_order": False, "shape": shape})
    return header.getvalue()


def _reserve(file: int, size: int) -> None:
    """Learn now that the disk is full, not after hours of work."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, 0, size)
    else:
        os.truncate(file, size)
