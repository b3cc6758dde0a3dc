"""Beats that are derived from a source, kept in the cache."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fusionkit.data.cache_entry import DATA, open_entry, remove_entry, write_entry
from fusionkit.data.cache_folder import cache_folder
from fusionkit.data.content import file_hash
from fusionkit.data.stored_rows import DamagedEntryError
from fusionkit.errors import ResourceError


def stored_beats(
    recipe: str, sources: Sequence[Path], width: int, derive: Callable[[], NDArray[np.float32]]
) -> tuple[Path, NDArray[np.float32]]:
    """Return beats, after deriving them where the cache does not hold them yet.

    They lie one behind the other in one ``.npy`` of one axis below ``beats`` in the cache, in a folder named by a hash
    of the recipe and of what the sources hold. It is written under a temporary name and renamed; a damaged one is
    derived anew.

    Parameters
    ----------
    recipe : str
        Name and version of what `derive` does.
    sources : sequence of Path
        The files that the beats come from.
    width : int
        Samples a beat.
    derive : callable
        Returns [beat, width].

    Returns
    -------
    path : Path
        The ``.npy``.
    beats : ndarray [beat, width]
        Memory-mapped and read-only.

    Raises
    ------
    ResourceError
        If the cache cannot be written.
    """
    key = "\n".join([recipe, str(width), *map(file_hash, sources)])
    entry = cache_folder() / "beats" / hashlib.sha256(key.encode()).hexdigest()
    try:
        beats = _open(entry)
        if beats is None:
            write_entry(entry, recipe, _Derived(np.ascontiguousarray(derive(), dtype=np.float32).reshape(-1)))
            beats = open_entry(entry)[:]
    except (OSError, DamagedEntryError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ResourceError(
            f"beats cannot be kept in {entry.parent}: {reason}; name another folder in FUSIONKIT_CACHE"
        ) from error
    return entry / DATA, beats.reshape(-1, width)


@dataclass(frozen=True)
class _Derived:
    """What was derived, in blocks of 4 MiB."""

    samples: NDArray[np.float32]
    block: int = 1 << 20

    @property
    def length(self) -> int:
        return len(self.samples)

    def __call__(self, number: int) -> NDArray[np.float32]:
        return self.samples[number * self.block : (number + 1) * self.block]


def _open(entry: Path) -> NDArray[np.float32] | None:
    try:
        return open_entry(entry)[:]
    except FileNotFoundError:
        return None
    except DamagedEntryError:
        remove_entry(entry)
        return None
