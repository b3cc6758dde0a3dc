"""One command at a time in a folder of runs."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from fusionkit.errors import ResourceError, UsageError

NAME = ".reproduce.lock"


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder, which is made where it is absent; the lock of a process that has died is taken over.

    Raises
    ------
    UsageError
        If another process holds it.
    ResourceError
        If the folder cannot be written.
    """
    path = folder / NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _take(path)
    except FileExistsError as error:
        where = f"{path} was just taken" if error.filename == str(path) else f"{error.filename} is a file"
        raise UsageError(f"{where}; wait, or name another folder with --out") from error
    except OSError as error:
        raise ResourceError(f"{error.filename or folder} cannot be written: {error.strerror}") from error
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _take(path: Path) -> None:
    if path.exists():
        owner = path.read_text(encoding="utf-8", errors="replace").strip()
        pid, _, host = owner.partition(" ")
        if not (pid.isdecimal() and host == socket.gethostname() and not _lives(int(pid))):
            raise UsageError(
                f"{path.parent} is in use by process {pid or 'unknown'} on {host or 'an unknown computer'}; wait until "
                f"it has ended, or remove {path} where it has"
            )
        path.unlink()
    with path.open("x", encoding="utf-8") as file:
        file.write(f"{os.getpid()} {socket.gethostname()}\n")


def _lives(pid: int) -> bool:
    if os.name == "nt":
        return True  # signal 0 would end it there
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
