"""What killed processes leave in a run folder."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from fusionkit.training.atomic_write import UNFINISHED


def sweep(folder: Path, note: Callable[[str], None], *, lock: bool) -> None:
    """Remove the unfinished files of processes that have ended, and say so in one line.

    Parameters
    ----------
    folder : Path
        A run folder that the caller holds.
    note : callable
        Is told.
    lock : bool
        Whether the caller found the lock of such a process too.
    """
    removed = 0
    for path in folder.rglob(f"{UNFINISHED}*"):
        pid = path.name.removeprefix(UNFINISHED).partition("-")[0]
        if path.is_file() and not (pid.isdecimal() and _lives(int(pid))):
            with contextlib.suppress(OSError):
                path.unlink()
                removed += 1
    found = [f"{removed} unfinished files"] * (removed > 0) + ["a lock"] * lock
    if found:
        note(f"{folder}: {' and '.join(found)} of processes that have ended were removed")


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
