"""One array on disk with its hash: a folder that appears whole or not at all."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from fusionkit.data.content import file_hash

_DATA = "data.npy"
_MANIFEST = "manifest.json"
_UNFINISHED = ".unfinished-"
_ABANDONED_AFTER = 24 * 3600.0


class DamagedEntryError(Exception):
    """An entry that does not hold what was written."""


def open_entry(entry: Path) -> NDArray[Any]:
    """Return the array of an entry, memory-mapped and read-only, after checking its hash.

    Raises
    ------
    FileNotFoundError
        If there is no entry.
    DamagedEntryError
        If it does not match its hash.
    """
    if not entry.exists():
        raise FileNotFoundError(entry)
    try:
        manifest = json.loads((entry / _MANIFEST).read_text(encoding="utf-8"))
        found = {"key": entry.name, "sha256": file_hash(entry / _DATA)}
    except (OSError, ValueError) as error:
        raise DamagedEntryError(f"it is incomplete ({error})") from error
    if found != manifest:
        raise DamagedEntryError("its content does not match its SHA-256")
    array: NDArray[Any] = np.load(entry / _DATA, mmap_mode="r")
    return array


def write_entry(entry: Path, length: int, batches: Iterator[NDArray[Any]]) -> None:
    """Write batches, one after the other along the first axis, as one entry.

    If another process writes the same entry first, that one stays.

    Parameters
    ----------
    entry : Path
        Folder to write.
    length : int
        Rows of all batches together.
    batches : iterator of ndarray [row, ...]
        Arrays that differ in their first axis only.

    Raises
    ------
    OSError
        If the disk is full or cannot be written. Nothing is left behind.
    """
    entry.parent.mkdir(parents=True, exist_ok=True)
    # In the folder of the entry: only there is a rename atomic.
    unfinished = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=entry.parent))
    try:
        with (unfinished / _DATA).open("wb") as file:
            rows = 0
            for batch in batches:
                if not rows:
                    header = {"descr": batch.dtype.str, "fortran_order": False, "shape": (length, *batch.shape[1:])}
                    np.lib.format.write_array_header_1_0(file, header)
                file.write(np.ascontiguousarray(batch).data)
                rows += len(batch)
            _sync(file)
        manifest = {"key": entry.name, "sha256": file_hash(unfinished / _DATA)}
        with (unfinished / _MANIFEST).open("wb") as file:
            file.write(json.dumps(manifest).encode())
            _sync(file)
        try:
            unfinished.rename(entry)
        except OSError:
            if not entry.exists():  # else another process was first
                raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def remove_entry(entry: Path) -> None:
    """Take an entry away at once, then delete it."""
    away = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=entry.parent))
    with contextlib.suppress(FileNotFoundError):  # another process was first
        entry.replace(away / entry.name)
    shutil.rmtree(away, ignore_errors=True)


def sweep(folder: Path) -> None:
    """Delete what killed processes left unfinished a day ago or earlier."""
    for unfinished in folder.glob(f"{_UNFINISHED}*"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - unfinished.stat().st_mtime > _ABANDONED_AFTER:
                shutil.rmtree(unfinished, ignore_errors=True)


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
