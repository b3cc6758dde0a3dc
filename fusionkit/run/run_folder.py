"""The run folder: every file that a run leaves, written completely or not at all."""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path
from typing import Any

import pandas as pd

from fusionkit.data.csv_cells import neutral_csv
from fusionkit.errors import ResourceError, UsageError


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
        if path.is_dir() and any(path.iterdir()):
            raise UsageError(f"the output folder {path} is not empty; name another with --out")
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
        Where; it must not exist yet, or be empty.

    Raises
    ------
    UsageError
        If something is there already.
    ResourceError
        If the folder cannot be made or written.
    """

    def __init__(self, path: Path) -> None:
        check_place(path)
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ResourceError(f"the output folder {path} cannot be made: {error.strerror}") from error
        self.write_text("config.toml", "")

    @classmethod
    def named(cls, parent: Path, title: str, seed: int) -> RunFolder:
        """Make ``<time>-<title>-seed<seed>`` in a folder, with a number behind it where that is taken."""
        stamp = time.strftime("%Y%m%d-%H%M%S")
        plain = re.sub(r"[^A-Za-z0-9+_.-]+", "-", title)[:100]
        for number in range(1, 1000):
            path = parent / f"{stamp}-{plain}-seed{seed}{f'-{number}' if number > 1 else ''}"
            try:
                parent.mkdir(parents=True, exist_ok=True)
                path.mkdir()
            except FileExistsError:
                continue
            except OSError as error:
                raise ResourceError(f"the folder {parent} cannot be written: {error.strerror}") from error
            return cls(path)
        raise ResourceError(f"the folder {parent} holds a thousand runs of this second; name one with --out")

    def write_text(self, name: str, text: str) -> None:
        """Write a text file under a temporary name and rename it.

        Raises
        ------
        ResourceError
            If it cannot be written.
        """
        target = self.path / name
        temporary = target.with_name(f".inprogress-{os.getpid()}-{target.name}")
        try:
            temporary.write_text(text, encoding="utf-8", newline="")
            temporary.replace(target)
        except OSError as error:
            raise ResourceError(f"{target} cannot be written: {error.strerror}; needs {len(text)} bytes") from error

    def write_json(self, name: str, content: Any) -> None:
        """Write plain values as JSON; NaN is refused, since JSON has none."""
        self.write_text(name, json.dumps(content, indent=2, allow_nan=False) + "\n")

    def write_csv(self, name: str, table: pd.DataFrame) -> None:
        """Write a table as CSV; errors as in `write_text`."""
        self.write_text(name, neutral_csv(table))
