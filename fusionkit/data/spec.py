"""Read a data spec: which adapter, and which path."""

from __future__ import annotations

import re
from pathlib import Path

from fusionkit.errors import DataError, UsageError
from fusionkit.options import plain_name

IN_MEMORY = "arrays in memory"
"""The data spec of a model that was fitted to arrays."""

# At least two letters: C:\data is a drive, not an adapter.
_ADAPTER = re.compile(r"[A-Za-z][A-Za-z0-9_-]+")


def parse_spec(text: str) -> tuple[str, Path | None]:
    r"""Return the adapter and the path that a data spec names.

    Parameters
    ----------
    text : str
        ``demo-pcg``, ``physionet2016:PATH``, ``folder:PATH``, or the path of a manifest that ends in ``.csv``
        (``C:\data\all.csv`` too).

    Raises
    ------
    UsageError
        If the text is a bare path, or a path is missing after the colon.
    """
    name, colon, path = text.partition(":")
    if _ADAPTER.fullmatch(name) and colon:
        if not path.strip():
            raise UsageError(f"data {text!r} has no path after the colon; expected {name}:PATH")
        return plain_name(name), Path(path).expanduser()
    if text.lower().endswith(".csv"):
        return "manifest", Path(text).expanduser()
    if _ADAPTER.fullmatch(text):
        return plain_name(text), None
    raise UsageError(
        f"data {text!r} names no adapter; expected for example demo-pcg, folder:PATH, physionet2016:PATH "
        "or the path of a manifest .csv"
    )


def absolute_spec(text: str) -> str:
    """Return a data spec with an absolute path, so that it names the same data from any folder."""
    name, path = parse_spec(text)
    if path is None:
        return text
    return str(path.absolute()) if name == "manifest" and ":" not in text[2:] else f"{name}:{path.absolute()}"


def existing_folder(path: Path | None, adapter: str) -> Path:
    """Return the folder that an adapter was given.

    Raises
    ------
    UsageError
        If none was given.
    DataError
        If it is not there.
    """
    if path is None:
        raise UsageError(f"dataset {adapter!r} needs a folder: write {adapter}:PATH")
    if not path.is_dir():
        found = "is a file" if path.exists() else "does not exist"
        raise DataError(f"dataset {adapter!r}: {path} {found}; expected a folder")
    return path
