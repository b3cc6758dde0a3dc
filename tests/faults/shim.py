"""Faults of the disk at the n-th call that changes a file: by a preloaded library where there is a C compiler."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

_SOURCE = Path(__file__).with_name("shim.c")
_PRELOADED = "FUSIONKIT_FAULT_SHIM"
_CALLS = ("open", "write", "fsync", "ftruncate", "replace", "rename", "unlink", "rmdir", "mkdir")
KILL = 0
FAULTS = {"SIGKILL": KILL, "ENOSPC": errno.ENOSPC, "EIO": errno.EIO, "EDQUOT": errno.EDQUOT}


def with_shim(module: str) -> None:
    """Start a module again with the library preloaded, unless it is, and end with its exit code."""
    compiler = shutil.which("cc")
    if _PRELOADED in os.environ or compiler is None or sys.platform != "linux":
        return
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder, "shim.so")
        subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", library, _SOURCE, "-ldl"], check=True)
        environment = os.environ | {"LD_PRELOAD": str(library), _PRELOADED: str(library)}
        sys.exit(subprocess.call([sys.executable, "-m", module, *sys.argv[1:]], env=environment))


class Counter:
    """How many calls a forked process made: a number that it shares with the process that made this."""

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, 8)
        self.cell = ctypes.c_long.from_buffer(self._shared)

    @property
    def value(self) -> int:
        """The number of calls so far."""
        return int(self.cell.value)


def arm(under: Path, at: int, fault: int, counter: Counter, *, lasting: bool = False) -> None:
    """Strike this process at a call below a folder; at 0 calls are only counted.

    Without a C compiler only the calls that pass through the module `os` are seen.
    """
    if _PRELOADED in os.environ:
        library = ctypes.CDLL(os.environ[_PRELOADED])
        library.fault_arm(str(under).encode(), ctypes.c_long(at), fault, int(lasting), ctypes.byref(counter.cell))
        return
    for name in _CALLS:
        setattr(os, name, _struck(getattr(os, name), at, fault, counter, lasting))


def _struck(whole: Callable[..., Any], at: int, fault: int, counter: Counter, lasting: bool) -> Callable[..., Any]:
    def call(*given: Any, **named: Any) -> Any:
        counter.cell.value += 1
        if counter.value == at or (lasting and counter.value > at > 0 and fault):
            if fault == KILL:
                os.killpg(0, signal.SIGKILL)
            raise OSError(fault, os.strerror(fault))
        return whole(*given, **named)

    return call
