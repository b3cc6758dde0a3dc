"""The facts of recordings, found once for every content."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from fusionkit.data.cache_folder import cache_folder
from fusionkit.data.code_version import code_version
from fusionkit.data.kept_text import keep, read_kept
from fusionkit.data.recordings import Recordings
from fusionkit.errors import DataError

Facts = dict[str, Any]

_TUPLES = ("channels", "units", "header_notes", "flat")
_DECIDING = ("start", "stop", "declared_rate", "variable", "channels")


class KnownFacts:
    """What `examine` found of the recordings of a manifest, by all that decides it: above all the bytes of the file.

    Every file is hashed whenever this is made, so that a changed one is examined anew, whatever its size and date. What
    was refused is not kept.

    Parameters
    ----------
    recordings : Recordings
        The files; of recordings in memory nothing is kept.
    channels : tuple of str, optional
        The channels that are examined.
    """

    def __init__(self, recordings: Recordings, channels: tuple[str, ...] | None) -> None:
        manifest = recordings.manifest
        self._keys: dict[str, str] = {}
        self._known: dict[str, Facts] = {}
        if "path" not in manifest:
            return
        common = [code_version("data"), channels]
        for row in manifest[["id", "path", *(name for name in _DECIDING if name in manifest)]].to_dict("records"):
            content = _content(recordings, row["id"])
            if content is not None:
                # The suffix says which reader a file has.
                deciding = [Path(row["path"]).suffix.lower(), *(repr(row.get(name)) for name in _DECIDING)]
                self._keys[row["id"]] = hashlib.sha256(json.dumps([common, content, deciding]).encode()).hexdigest()
        held = read_kept(self._entry)
        if held is not None:
            kept: dict[str, Facts] = json.loads(held)
            for record, key in self._keys.items():
                if key in kept:
                    self._known[record] = kept[key] | {name: tuple(kept[key][name]) for name in _TUPLES}

    @property
    def _entry(self) -> Path:
        name = hashlib.sha256("".join(self._keys.values()).encode()).hexdigest()
        return cache_folder() / "scans" / f"{name}.json"

    def of(self, record: str) -> Facts | None:
        """Return what is known of a recording."""
        return self._known.get(record)

    def keep(self, found: dict[str, Facts]) -> None:
        """Keep what was found, by recording."""
        if any(record not in self._known for record in found if record in self._keys):
            keep(
                self._entry, json.dumps({self._keys[record]: found[record] for record in found if record in self._keys})
            )


def _content(recordings: Recordings, record: str) -> str | None:
    try:
        return recordings.content(record)
    except (DataError, OSError):
        return None  # the scan tells why
