"""Tell whether a file is still the one that was read."""

from __future__ import annotations

from pathlib import Path


def file_state(path: Path) -> tuple[int, int]:
    """Return the time of the last change (ns) and the size of a file (bytes)."""
    found = path.stat()
    return found.st_mtime_ns, found.st_size
