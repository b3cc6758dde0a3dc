"""Whether a run that goes on finds the data that it began with."""

from __future__ import annotations

import hashlib
import json

import pandas as pd

from fusionkit.data.split_file import split_hash, write_split_file
from fusionkit.errors import IntegrityError
from fusionkit.run.prepare import Prepared
from fusionkit.run.run_folder import SPLIT, STATE, RunFolder

DIGEST = "recordings.sha256"
"""What is left of the recordings in a complete run: one hash of all names and contents."""
_RECORDS = f"{STATE}/recordings.json"
_DIGITS = 16


def recordings_digest(records: pd.DataFrame) -> str:
    """Return the SHA-256, in hexadecimal, of the names, labels and contents of recordings, in any order."""
    lines = sorted(json.dumps(row) for row in records[["id", "label", "content"]].astype(str).to_numpy().tolist())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def require_same_data(folder: RunFolder, prepared: Prepared) -> None:
    """Compare recordings and split with those that the run began with, or write them where it begins.

    Raises
    ------
    IntegrityError
        If they differ; every recording that does is in its details.
    """
    records = prepared.records
    found = {str(row["id"]): str(row["content"])[:_DIGITS] for row in records.to_dict("records")}
    path = folder.path / _RECORDS
    if path.is_file():
        try:
            known: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
            differing = sorted(name for name in {**known, **found} if known.get(name) != found.get(name))
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise IntegrityError(f"{path} cannot be read: {error}; begin a new run") from error
        if differing:
            raise IntegrityError(
                f"{len(differing)} recordings are not those that {folder.path} began with; restore them, or begin a "
                "new run",
                differing,
            )
    else:
        folder.write_json(_RECORDS, found)
    folder.write_text(DIGEST, recordings_digest(records) + "\n")
    text = write_split_file(prepared.folds, records)
    split = folder.path / SPLIT
    if split.is_file() and split.read_text(encoding="utf-8") != text:
        raise IntegrityError(
            f"the data are now shared out in another way than {split} says (SHA-256 {split_hash(prepared.folds)}); "
            "restore data and file, or begin a new run"
        )
    folder.write_text(SPLIT, text)
