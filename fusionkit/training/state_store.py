"""The saved states of one training: a folder with a numbered checkpoint each, of which the newest valid one counts."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from fusionkit.errors import IntegrityError, ResourceError
from fusionkit.training.checkpoint import MANIFEST, load_checkpoint, save_checkpoint

KEPT = 2


class StateStore:
    """Saves states and finds the newest valid one; the last two are kept.

    Parameters
    ----------
    folder : Path
        Where; made when the first state is saved.
    note : callable
        Is told of a damaged state.
    """

    def __init__(self, folder: Path, note: Callable[[str], None]) -> None:
        self.folder, self._note = folder, note

    def save(self, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> None:
        """Save a state, and only then remove what is older than the one before.

        Raises
        ------
        ResourceError
            If it cannot be written; the states before are untouched then.
        """
        before = self._places()
        place = self.folder / f"{int(before[-1].name) + 1 if before else 1:06d}"
        try:
            save_checkpoint(place, tensors, state)
        except ResourceError:
            shutil.rmtree(place, ignore_errors=True)  # gives the space back
            raise
        for old in before[: 1 - KEPT]:
            _remove(old)

    def newest(self) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        """Return the newest valid state, or None; what is damaged or incomplete is removed."""
        damaged = 0
        for place in reversed(self._places()):
            if (place / MANIFEST).is_file():
                try:
                    return load_checkpoint(place, finite=False)
                except IntegrityError as error:
                    self._note(f"{error.message}; an older state is taken")
                    damaged += 1
            _remove(place)
        if damaged:
            self._note(f"{self.folder} holds no older state: this training begins anew")
        return None

    def _places(self) -> list[Path]:
        """Return the states in order."""
        places = self.folder.iterdir() if self.folder.is_dir() else ()
        return sorted((place for place in places if place.name.isdecimal()), key=lambda place: int(place.name))


def _remove(place: Path) -> None:
    """Remove a state, its manifest first: what a kill leaves of it is then incomplete, not damaged."""
    with contextlib.suppress(OSError):
        (place / MANIFEST).unlink(missing_ok=True)
    shutil.rmtree(place, ignore_errors=True)
