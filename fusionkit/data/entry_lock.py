"""One process at a time writes an entry; what a dead one left is taken over."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows, where two processes may do the same work and the first one's entry stays
    fcntl = None

UNFINISHED = ".unfinished-"
_OWNER = "owner"
_LOOK = 0.2  # s


def try_lock(file: int) -> bool:
    """Lock an open file for this process alone; return whether that worked. The lock ends with the process."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


def share_lock(file: int) -> None:
    """Lock an open file against `try_lock` of others, but not against other readers, as far as that can be done."""
    if fcntl is not None:
        with contextlib.suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_SH)  # waits for a moment where somebody looks whether it is held


def is_held(path: Path) -> bool:
    """Return whether another process, or another part of this one, has locked a file."""
    try:
        file = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        return not try_lock(file)
    finally:
        os.close(file)


@contextlib.contextmanager
def unfinished(entry: Path, waiting: Callable[[], None] | None = None) -> Iterator[Path | None]:
    """Hold the empty folder in which an entry is written; it lies beside the entry, because only there it can be moved.

    It is deleted at the end, unless it has been moved.

    Parameters
    ----------
    entry : Path
        The entry.
    waiting : callable, optional
        Called five times a second while another process writes the entry.

    Yields
    ------
    Path or None
        None if another process has written the entry meanwhile.
    """
    entry.parent.mkdir(parents=True, exist_ok=True)
    folder = entry.with_name(f"{UNFINISHED}{entry.name}")
    while not entry.exists():
        file = _own(folder)
        if file is None:
            if waiting:
                waiting()
            time.sleep(_LOOK)
            continue
        try:
            if entry.exists():
                break
            _empty(folder)
            yield folder
            return
        finally:
            _remove(folder)
            os.close(file)
    yield None


def finish(folder: Path, entry: Path) -> None:
    """Give an unfinished folder its name."""
    folder.rename(entry)
    (entry / _OWNER).unlink()


def sweep(parent: Path) -> list[Path]:
    """Delete what killed processes left unfinished, and return what that was."""
    swept = []
    for folder in sorted(parent.glob(f"{UNFINISHED}*")):
        if folder.is_dir():
            with contextlib.suppress(OSError):
                file = _own(folder, make=False)
                if file is not None:
                    _remove(folder)
                    os.close(file)
                    swept.append(folder)
    return swept


def _empty(folder: Path) -> None:
    for left in folder.iterdir():
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        elif left.name != _OWNER:
            left.unlink()


def _remove(folder: Path) -> None:
    """Delete a folder that is held; its lock file goes last, so that nobody takes what is being deleted."""
    with contextlib.suppress(OSError):
        _empty(folder)
        (folder / _OWNER).unlink()
        folder.rmdir()


def _own(folder: Path, *, make: bool = True) -> int | None:
    """Return the open lock file of a folder; None if another process has it, or has just moved or deleted it."""
    if make:
        folder.mkdir(exist_ok=True)
    path = folder / _OWNER
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except FileNotFoundError:
        return None
    if try_lock(file):
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(path.stat(), os.fstat(file)):
                return file
    os.close(file)
    return None
