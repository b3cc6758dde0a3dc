"""What is saved again and again, so that a save of it may be struck."""

from __future__ import annotations

from pathlib import Path

import torch

from fusionkit.run.run_folder import RunFolder
from fusionkit.training.checkpoint import load_checkpoint, save_checkpoint
from fusionkit.training.state_store import KEPT, StateStore


def silent(_: str) -> None:
    """Say nothing."""


class States:
    """The states of a training: the two before the save that is struck, and it."""

    name = "a save of the state"

    def __init__(self, folder: Path) -> None:
        self._store, self._folder = StateStore(folder, silent), folder

    def save(self, number: int) -> None:
        """Save a number."""
        self._store.save({"weight": torch.full((1000,), float(number))}, {"number": number})

    def read(self) -> int:
        """Return the number that is read."""
        found = self._store.newest()
        if found is None or float(found[0]["weight"][0]) != found[1]["number"]:
            raise ValueError("neither the state before nor the new one can be read")
        return int(found[1]["number"])

    def whole(self) -> bool:
        """Return whether nothing lies there that does not belong there."""
        return len(list(self._folder.iterdir())) == KEPT


class Model:
    """A checkpoint that is replaced."""

    name = "a save of a model"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, number: int) -> None:
        """Save a number."""
        save_checkpoint(self._folder, {"weight": torch.full((1000,), float(number))}, {"number": number})

    def read(self) -> int:
        """Return the number that is read."""
        tensors, state = load_checkpoint(self._folder)
        if float(tensors["weight"][0]) != state["number"]:
            raise ValueError("weights and manifest do not belong together")
        return int(state["number"])

    def whole(self) -> bool:
        """Return whether nothing lies there that does not belong there."""
        return len(list(self._folder.iterdir())) == 2


class Table:
    """A file of a run folder that is replaced."""

    name = "a write of a table"

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._path = RunFolder(folder), folder / "predictions.csv"

    def save(self, number: int) -> None:
        """Save a number, 50 000 times."""
        self._folder.write_text(self._path.name, f"{number}\n" * 50_000)

    def read(self) -> int:
        """Return the number that is read."""
        numbers = self._path.read_text().split()
        if len(numbers) != 50_000 or len(set(numbers)) != 1:
            raise ValueError("the table is not whole")
        return int(numbers[0])

    def whole(self) -> bool:
        """Return whether nothing lies there that does not belong there."""
        return len(list(self._path.parent.iterdir())) == 1


Kept = States | Model | Table
