"""What lies in the cache, and what of it can go."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fusionkit.data.cache_entry import DATA, MANIFEST, remove_entry
from fusionkit.data.entry_lock import UNFINISHED, is_held, sweep

_ENTRIES = ("views", "beats")
_TEXTS = ("near-duplicates", "scans")


@dataclass(frozen=True)
class CacheEntry:
    """One thing that is kept.

    Parameters
    ----------
    path : Path
        Its folder or file.
    kind : str
        ``views``, ``beats``, ``near-duplicates`` or ``scans``; or ``left-overs`` of killed runs.
    label : str
        What it holds: ``signals``, or the name of a representation.
    size : int
        In bytes on disk.
    used : float
        When it was last used, in s since 1970.
    """

    path: Path
    kind: str
    label: str
    size: int
    used: float


def entries(folder: Path) -> list[CacheEntry]:
    """Return what lies in a cache, the most recently used first; what is being written is left out."""
    return sorted(_found(folder), key=lambda entry: (-entry.used, entry.path))


def prune(
    folder: Path, *, older_than: float | None, larger_than: int | None, dry_run: bool = False
) -> tuple[list[CacheEntry], list[CacheEntry]]:
    """Delete entries; never one that a run has open.

    Parameters
    ----------
    folder : Path
        The cache.
    older_than : float or None
        Delete what was not used for that many s.
    larger_than : int or None
        Delete the least recently used ones until the rest has at most that many bytes.
    dry_run : bool
        Delete nothing.

    Returns
    -------
    gone : list of CacheEntry
        What was deleted, or would be.
    spared : list of CacheEntry
        What would have been, but is in use.
    """
    now, total, full = time.time(), 0, False
    gone, spared = [], []
    for entry in entries(folder):
        total += entry.size
        old = older_than is not None and now - entry.used >= older_than
        full = full or (larger_than is not None and total > larger_than)  # and so all that were used before go too
        if not (old or entry.kind == "left-overs" or full):
            continue
        if entry.kind in _ENTRIES and is_held(entry.path / DATA):
            spared.append(entry)
            continue
        total -= entry.size
        gone.append(entry)
        if not dry_run:
            _delete(entry)
    return gone, spared


def _delete(entry: CacheEntry) -> None:
    if entry.kind == "left-overs":
        sweep(entry.path.parent)
        with contextlib.suppress(OSError):
            entry.path.unlink()
    elif entry.path.is_dir():
        remove_entry(entry.path)
    else:
        entry.path.unlink(missing_ok=True)


def _found(folder: Path) -> Iterator[CacheEntry]:
    for kind in (*_ENTRIES, *_TEXTS):
        for path in _children(folder / kind):
            with contextlib.suppress(OSError):  # another process was first
                if path.name.startswith(UNFINISHED):
                    if not is_held(path / "owner"):
                        yield CacheEntry(path, "left-overs", kind, _size(path), path.stat().st_mtime)
                elif kind in _TEXTS:
                    yield CacheEntry(path, kind, kind, _size(path), path.stat().st_mtime)
                else:
                    yield CacheEntry(path, kind, _label(path), _size(path), _used(path))


def _children(folder: Path) -> Sequence[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else ()


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(
        file.lstat().st_blocks * 512 if hasattr(os.stat_result, "st_blocks") else file.lstat().st_size for file in files
    )


def _used(entry: Path) -> float:
    manifest = entry / MANIFEST
    return (manifest if manifest.exists() else entry).stat().st_mtime


def _label(entry: Path) -> str:
    try:
        text = (entry / MANIFEST).read_bytes().partition(b"\n")[2]
        return str(json.loads(text)["label"])
    except (OSError, ValueError, KeyError, TypeError):
        return "unreadable"
