"""Files that appear whole or not at all, and that a power failure does not take back."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

UNFINISHED = ".inprogress-"
_NO_FOLDER_SYNC = (errno.EINVAL, errno.ENOTSUP)


def write_whole(path: Path, payload: bytes) -> None:
    """Write a file under a temporary name beside its place, flush it to the disk and rename it.

    Raises
    ------
    OSError
        If it cannot be written; what stood there before is untouched then, or, where only the folder cannot be
        flushed, replaced.
    """
    temporary = path.with_name(f"{UNFINISHED}{os.getpid()}-{path.name}")
    try:
        with temporary.open("wb") as stream:
            stream.write(payload)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def make_folder(folder: Path) -> None:
    """Make a folder, with those above it, and flush their names to the disk."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Flush the names of a folder to the disk, where its file system can."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(descriptor)
