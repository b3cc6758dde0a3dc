"""The run folder: every file that a run leaves, written completely or not at all."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import time
from pathlib import Path
from typing import Any

import pandas as pd

from fusionkit.data.csv_cells import neutral_csv
from fusionkit.errors import ResourceError, UsageError
from fusionkit.run.lock import NAME as LOCK
from fusionkit.run.lock import owner
from fusionkit.training.atomic_write import UNFINISHED, make_folder, write_whole

CONFIG = "config.toml"
"""The configuration: a run without it has not begun."""
ENVIRONMENT = "environment.json"
SPLIT = "split.csv"
CHECKPOINTS = "checkpoints"
STATE = "state"
"""What an unfinished run goes on from; a complete one has none."""
COMPLETE = "metrics.json"
"""A run writes it when all figures are known."""
REPORT = "report.html"


def check_place(path: Path) -> None:
    """Check, before anything is read, that a folder can become a run folder.

    Raises
    ------
    UsageError
        If a file is there, or a folder that is not empty.
    ResourceError
        If that cannot be found out.
    """
    try:
        if path.exists() and not path.is_dir():
            raise UsageError(f"the output folder {path} is a file; name another with --out")
        if not path.is_dir():
            return
        if holder := owner(path):
            raise UsageError(f"the output folder {path} is in use by {holder}; name another with --out")
        # What a run that was killed in its first moments left is nothing.
        if any(place.name != LOCK and not place.name.startswith(UNFINISHED) for place in path.iterdir()):
            resumable = (path / CONFIG).is_file() and not (path / COMPLETE).is_file()
            hint = ", or go on with the run in it by --resume" if resumable else ""
            raise UsageError(f"the output folder {path} is not empty; name another with --out{hint}")
    except OSError as error:
        raise ResourceError(f"the output folder {path} cannot be looked at: {error.strerror}") from error


def fold_folder(fold: str) -> str:
    """Return the name of a fold as that of one folder: a database may be called ``../a``."""
    return re.sub(r"[%/\\:]|^\.", lambda found: f"%{ord(found[0]):02X}", fold)


class RunFolder:
    """A folder that belongs to one run.

    Parameters
    ----------
    path : Path
        Where; it is there already.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._made: list[Path] = []

    @classmethod
    def new(cls, path: Path) -> RunFolder:
        """Make a folder, or take an empty one.

        Raises
        ------
        UsageError
            If something is there already.
        ResourceError
            If the folder cannot be made.
        """
        check_place(path)
        folder = cls(path)
        try:
            folder._made = [place for place in (path, *path.parents) if not place.exists()]
            make_folder(path)
        except OSError as error:
            raise ResourceError(f"the output folder {path} cannot be made: {error.strerror}") from error
        return folder

    @classmethod
    def named(cls, parent: Path, title: str, seed: int) -> RunFolder:
        """Make ``<time>-<title>-seed<seed>`` in a folder, with a number behind it where that is taken."""
        stamp = time.strftime("%Y%m%d-%H%M%S")
        plain = re.sub(r"[^A-Za-z0-9+_.-]+", "-", title)[:100]
        for number in range(1, 1000):
            path = parent / f"{stamp}-{plain}-seed{seed}{f'-{number}' if number > 1 else ''}"
            folder = cls(path)
            try:
                folder._made = [path, *(place for place in (parent, *parent.parents) if not place.exists())]
                make_folder(parent)
                path.mkdir()
            except FileExistsError:
                continue
            except OSError as error:
                raise ResourceError(f"the folder {parent} cannot be written: {error.strerror}") from error
            return folder
        raise ResourceError(f"the folder {parent} holds a thousand runs of this second; name one with --out")

    def write_text(self, name: str, text: str) -> None:
        """Write a text file under a temporary name and rename it.

        Raises
        ------
        ResourceError
            If it cannot be written.
        """
        target, payload = self.path / name, text.encode()
        try:
            make_folder(target.parent)
            write_whole(target, payload)
        except OSError as error:
            raise ResourceError(f"{target} cannot be written: {error.strerror}; needs {len(payload)} bytes") from error

    def write_json(self, name: str, content: Any) -> None:
        """Write plain values as JSON; NaN is refused, since JSON has none."""
        self.write_text(name, json.dumps(content, indent=2, allow_nan=False) + "\n")

    def write_csv(self, name: str, table: pd.DataFrame) -> None:
        """Write a table as CSV; errors as in `write_text`."""
        self.write_text(name, neutral_csv(table))

    def remove(self) -> None:
        """Take back what was made: the content, and the folders that were not there before."""
        with contextlib.suppress(OSError):
            for place in self.path.iterdir():
                if place.is_dir() and not place.is_symlink():
                    shutil.rmtree(place)
                else:
                    place.unlink()
            for made in self._made:
                made.rmdir()
