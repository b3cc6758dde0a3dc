"""One command at a time in a folder."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from fusionkit.errors import ResourceError, UsageError
from fusionkit.training.atomic_write import make_folder

NAME = ".lock"


@contextlib.contextmanager
def locked(folder: Path, note: Callable[[str], None]) -> Iterator[None]:
    """Hold a folder, which is made where it is absent; the system gives the lock back when the process dies.

    Parameters
    ----------
    folder : Path
        The folder; a file ``.lock`` in it names the process and the computer that hold it.
    note : callable
        Is told of a file system that has no locks.

    Raises
    ------
    UsageError
        If another process holds it, or a file is in its place.
    ResourceError
        If the folder cannot be written.
    """
    path = folder / NAME
    try:
        make_folder(folder)
        descriptor = _take(path, note)
    except FileExistsError as error:
        raise UsageError(f"{error.filename} is a file; name another folder with --out") from error
    except OSError as error:
        raise ResourceError(f"{error.filename or folder} cannot be written: {error.strerror}") from error
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)  # while it is held, so that nobody else's file goes
        os.close(descriptor)


def owner(folder: Path) -> str:
    """Return who holds a folder, as ``process 12 on host``; empty where nobody does."""
    try:
        descriptor = os.open(folder / NAME, os.O_RDWR)
    except OSError:
        return ""
    try:
        return "" if _lock(descriptor) else _named(descriptor)
    except OSError:
        return ""
    finally:
        os.close(descriptor)


def _take(path: Path, note: Callable[[str], None]) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            if not _lock(descriptor):
                raise UsageError(f"{path.parent} is in use by {_named(descriptor)}; wait until it has ended")
        except OSError as error:
            note(f"{path.parent} cannot be locked ({error.strerror}): let no other command write there")
        except BaseException:
            os.close(descriptor)
            raise
        try:
            # Whoever held it before may have removed the file since it was opened.
            if os.path.samestat(path.stat(), os.fstat(descriptor)):
                os.ftruncate(descriptor, 0)
                os.write(descriptor, f"{os.getpid()} {socket.gethostname()}\n".encode())
                return descriptor
        except FileNotFoundError:
            pass
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _named(descriptor: int) -> str:
    pid, _, host = os.read(descriptor, 1000).decode(errors="replace").strip().partition(" ")
    return f"process {pid or 'unknown'} on {host or 'an unknown computer'}"


def _lock(descriptor: int) -> bool:
    """Lock an open file until it is closed; False where somebody else has. Windows is taken at its word."""
    if sys.platform != "win32":
        import fcntl

        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True
