"""Texts that are made once and kept in the cache, each with its hash."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

_HASH = 64


def read_kept(entry: Path) -> str | None:
    """Return a text; None if there is none, or not what was written."""
    with contextlib.suppress(OSError, ValueError):
        held = entry.read_text(encoding="utf-8")
        stated, text = held[:_HASH], held[_HASH + 1 :]
        if _hash(entry, text) == stated:
            with contextlib.suppress(OSError):
                os.utime(entry)  # when it was last used
            return text
    return None


def keep(entry: Path, text: str) -> None:
    """Write a text, under a temporary name first; a cache that cannot be written costs making it again, no more."""
    unfinished = entry.with_name(f".unfinished-{os.getpid()}-{entry.name}")
    with contextlib.suppress(OSError):
        entry.parent.mkdir(parents=True, exist_ok=True)
        content = f"{_hash(entry, text)}\n{text}"
        try:
            unfinished.write_text(content, encoding="utf-8", newline="")
            unfinished.replace(entry)
        finally:
            unfinished.unlink(missing_ok=True)


def _hash(entry: Path, text: str) -> str:
    """Return the SHA-256 of a text with the name of its entry, so that no other entry is taken for it."""
    return hashlib.sha256(f"{entry.parent.name}/{entry.name}\n{text}".encode()).hexdigest()
