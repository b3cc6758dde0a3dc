"""Write a simulated set to disk once, and read it from there ever after."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.io import wavfile

from fusionkit.data.cache_folder import cache_folder
from fusionkit.data.content import file_hash
from fusionkit.errors import DataError

Recording = tuple[str, NDArray[np.float32], Mapping[str, object]]

CAUTION = "simulated data: these signals are computed, not measured, and figures on them say nothing about patients"
_ROWS = "rows.json"


def recorded_set(
    name: str,
    version: int,
    options: Mapping[str, object],
    recordings: Iterator[Recording],
    *,
    sample_rate: int,
    classes: Sequence[str],
    folder: Path | None = None,
) -> pd.DataFrame:
    """Return the manifest of a simulated set, after writing its recordings where they do not lie there yet.

    They lie in ``FOLDER/NAME-HASH``, with a hash of name, version and options: a set is written anew only when one of
    them changes, or a file is not what was written. It is written under a temporary name and renamed, so that runs that
    start together do not disturb each other.

    Parameters
    ----------
    name : str
        The set.
    version : int
        Of its simulation: counted up whenever the same options give other signals.
    options : mapping
        All that the signals depend on; JSON values.
    recordings : iterator
        Identifier, samples [channel, time] and further columns of the manifest (JSON values) of every recording; only
        read when the set is written.
    sample_rate : int
        In Hz.
    classes : sequence of str
        In the order of the task.
    folder : Path, optional
        By default ``simulated`` in `fusionkit.data.view_cache.cache_folder`.

    Returns
    -------
    DataFrame
        ``id``, ``path`` (32-bit float WAV) and the further columns; ``attrs`` hold ``classes`` and ``cautions``.

    Raises
    ------
    DataError
        If the set cannot be written.
    """
    key = json.dumps([name, version, dict(options)], sort_keys=True)
    folder = cache_folder() / "simulated" if folder is None else folder
    place = folder / f"{name}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    try:
        rows = _read(place)
        if rows is None:
            _write(place, recordings, sample_rate)
            rows = _read(place)
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(
            f"dataset {name!r}: {place} cannot be written: {reason}; name another folder, {name.replace('_', '-')}:PATH"
        ) from error
    if rows is None:
        raise DataError(f"dataset {name!r}: {place} does not keep what is written; delete it")
    frame = pd.DataFrame(rows)
    frame.insert(1, "path", [str(place / f"{identifier}.wav") for identifier in frame["id"]])
    frame.attrs.update(classes=tuple(classes), cautions=(CAUTION,))
    return frame


def _read(place: Path) -> list[dict[str, Any]] | None:
    """Return the rows of a complete set; None where there is none, or not the one that was written."""
    try:
        held = json.loads((place / _ROWS).read_text(encoding="utf-8"))
        rows: list[dict[str, Any]] = held["recordings"]
        whole = held["sha256"] == _digest(place, place.name, rows)
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return None
    return rows if whole and rows else None


def _digest(folder: Path, name: str, rows: list[dict[str, Any]]) -> str:
    """Return the SHA-256 of the name of a set, its rows and the files that they name."""
    files = [file_hash(folder / f"{row['id']}.wav") for row in rows]
    return hashlib.sha256(json.dumps([name, rows, files]).encode()).hexdigest()


def _write(place: Path, recordings: Iterator[Recording], sample_rate: int) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    # In the folder of the set: only there is a rename atomic.
    unfinished = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=place.parent))
    try:
        new = unfinished / "new"
        new.mkdir()
        rows = []
        for identifier, samples, row in recordings:
            # soundfile would write the time of day into the file: the same set would have other bytes.
            wavfile.write(new / f"{identifier}.wav", sample_rate, np.ascontiguousarray(samples.T, dtype=np.float32))
            rows.append({"id": identifier, **row})
        held = {"sha256": _digest(new, place.name, rows), "recordings": rows}
        (new / _ROWS).write_text(json.dumps(held), encoding="utf-8")
        if place.exists() and _read(place) is None:
            place.rename(unfinished / "damaged")
        try:
            new.rename(place)
        except OSError:
            if _read(place) is None:  # else another process was first
                raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
