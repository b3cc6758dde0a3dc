"""Memory of the process."""

from __future__ import annotations

import ctypes
import platform

_MMAP_MAX, _TRIM_THRESHOLD = -4, -1  # of malloc.h


def keep_freed_memory() -> None:
    """Let the C library keep what is freed, for the next step; does nothing where the C library is not glibc.

    Otherwise every large tensor of a step is asked of the system anew, which hands it out page by page, each filled
    with zeros: that took half of a training step of a network over long waveforms. It holds for the whole process,
    which never gives memory back then, so that it is for the command line and not for a call of the library.
    """
    if platform.libc_ver()[0] == "glibc":
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_MMAP_MAX, 0)
        mallopt(_TRIM_THRESHOLD, 2**31 - 1)
