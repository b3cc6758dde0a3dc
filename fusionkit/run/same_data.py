"""Whether a run that goes on finds the data that it began with."""

from __future__ import annotations

import csv
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


def require_same_data(folder: RunFolder, prepared: Prepared, balance_within: str | None) -> None:
    """Compare data and split with those that the run began with, or write what they are where it begins.

    Raises
    ------
    IntegrityError
        If they differ; every recording that does is in its details. The folder is as it was.
    """
    _compare(folder, prepared, balance_within)
    text = write_split_file(prepared.folds, prepared.records)
    split = folder.path / SPLIT
    if split.is_file() and (known := split.read_text(encoding="utf-8")) != text:
        lines = set(known.splitlines()) ^ set(text.splitlines())
        differing = sorted({row[1] for row in csv.reader(line for line in lines if not line.startswith("#"))})
        raise IntegrityError(
            f"the parts, labels or subjects of the data are not those of {split} (SHA-256 of the parts now: "
            f"{split_hash(prepared.folds)}); restore data and file, or begin a new run",
            differing,
        )
    folder.write_text(DIGEST, recordings_digest(prepared.records) + "\n")
    folder.write_text(SPLIT, text)


def _compare(folder: RunFolder, prepared: Prepared, balance_within: str | None) -> None:
    records = prepared.records
    pairs = zip(records["id"], records["content"], strict=True)
    contents = {str(record): str(content)[:_DIGITS] for record, content in pairs}
    balance = records[["id", balance_within]].astype(str).to_numpy().tolist() if balance_within else []
    found = {
        "recordings": contents,
        "windows": prepared.reader.key(prepared.windows)[:_DIGITS],
        "balance_within": hashlib.sha256(json.dumps(balance).encode()).hexdigest()[:_DIGITS],
    }
    path = folder.path / _RECORDS
    if not path.is_file():
        folder.write_json(_RECORDS, found)
        return
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        before = known["recordings"]
        differing = sorted(name for name in {**before, **contents} if before.get(name) != contents.get(name))
        changed = [name for name in ("windows", "balance_within") if known[name] != found[name]]
    except (TypeError, AttributeError, KeyError) as error:
        raise IntegrityError(f"{path} is of another version of fusionkit, or damaged; begin a new run") from error
    except (OSError, ValueError) as error:
        raise IntegrityError(f"{path} cannot be read: {error}; begin a new run") from error
    if differing:
        raise IntegrityError(
            f"{len(differing)} recordings are not those that {folder.path} began with; restore them, or begin a new "
            "run",
            differing,
        )
    if changed:
        what = {
            "windows": "bounds, sample rate or channels of the windows",
            "balance_within": f"values of the column {balance_within!r}",
        }[changed[0]]
        raise IntegrityError(
            f"the {what} are not those that {folder.path} began with; restore the data, or begin a new run"
        )
