"""Check unpacked files against the list of hashes that PhysioNet puts beside them."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from fusionkit.download.entry_names import safe_parts
from fusionkit.errors import IntegrityError

SUMS = "SHA256SUMS.txt"
_LINE = re.compile(r"([0-9a-fA-F]{64}) +\*?(.+)")


def verify(folder: Path) -> int | None:
    """Check every file that ``SHA256SUMS.txt`` names.

    Returns
    -------
    int or None
        The number of files checked; None where there is no such list.

    Raises
    ------
    IntegrityError
        If a line cannot be read, or a file is missing or has another hash; all are in its details.
    """
    if not (folder / SUMS).is_file():
        return None
    faults: list[str] = []
    count = 0
    for number, line in enumerate((folder / SUMS).read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        if not line.strip():
            continue
        count += 1
        match = _LINE.fullmatch(line.strip())
        if not match:
            faults.append(f"line {number} is {line[:100]!r}; expected a hash and a name")
            continue
        path = folder.joinpath(*safe_parts(match[2]))
        if not path.is_file():
            faults.append(f"{match[2]} is missing")
        elif file_hash(path) != match[1].lower():
            faults.append(f"{match[2]} has another SHA-256 than its list says")
    if faults:
        raise IntegrityError(f"{len(faults)} of {count} lines of {SUMS} do not fit the files", faults)
    return count


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
