"""Names inside an archive: only those that stay inside the folder, and that every file system can hold apart."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import PurePosixPath

from fusionkit.errors import IntegrityError

_LONGEST_PART = 255  # bytes that common file systems allow
_LONGEST_PATH = 4000
_DRIVE = re.compile(r"[A-Za-z]:")


class EntryNames:
    """Checks the names of an archive one after the other."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[str, bool]] = {}

    def place(self, name: str, is_folder: bool) -> PurePosixPath:
        """Return where an entry goes, relative to the folder that takes the archive.

        Parameters
        ----------
        name : str
            As the archive has it.
        is_folder : bool
            Whether it is a folder, which may be named again.

        Raises
        ------
        IntegrityError
            If it leads out of the folder, no file system can hold it, or it comes twice.
        """
        parts = safe_parts(name)
        for depth in range(1, len(parts) + 1):
            path = "/".join(parts[:depth])
            folder = is_folder or depth < len(parts)
            # macOS and Windows take names for one that differ by case, and macOS by the way accents are written.
            key = unicodedata.normalize("NFC", path).casefold()
            earlier = self._seen.get(key)
            if earlier and not (folder and earlier == (path, True)):
                raise IntegrityError(f"holds {path!r} and {earlier[0]!r}, which are one name on some systems")
            self._seen[key] = (path, folder)
        return PurePosixPath(*parts)


def safe_parts(name: str) -> tuple[str, ...]:
    """Return the folders and the name of an entry.

    Raises
    ------
    IntegrityError
        If it leads out of the folder, or no file system can hold it.
    """
    parts = tuple(part for part in name.split("/") if part not in ("", "."))
    if name.startswith("/") or _DRIVE.match(name):
        reason = "an absolute path"
    elif ".." in parts:
        reason = "a path that leads out of the folder"
    elif "\\" in name:
        reason = "a backslash, which some systems take for a folder"
    elif any(unicodedata.category(character) == "Cc" for character in name):
        reason = "a control character"
    elif any(len(os.fsencode(part)) > _LONGEST_PART for part in parts) or len(os.fsencode(name)) > _LONGEST_PATH:
        reason = f"more than {_LONGEST_PART} bytes in a name"
    else:
        return parts
    raise IntegrityError(f"holds the entry {name[:200]!r}, {reason}")
