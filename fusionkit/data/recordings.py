"""Recordings in files or in memory, behind one interface."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from fusionkit.data.content import array_hash, file_hash
from fusionkit.data.readers import read_header, read_samples, recording_files, verify_recording
from fusionkit.data.signal_header import NOTHING_DECLARED, Declared, SignalHeader
from fusionkit.errors import DataError

_AHEAD = 1 << 16


class Recordings(Protocol):
    """A manifest and the signals behind it; a recording is named by its ``id``."""

    @property
    def manifest(self) -> pd.DataFrame:
        """A row a recording or segment: ``id`` and, where known, label, subject, database, split, start, stop."""

    def header(self, record: str) -> SignalHeader:
        """Return the header of the file that holds a recording."""

    def read(self, record: str, start: int, stop: int) -> NDArray[np.float32]:
        """Return samples [channel, time] of that file, from sample ``start`` up to ``stop``."""

    def content(self, record: str) -> str:
        """Return the hash of the content of that file."""

    def faults(self, record: str) -> tuple[str, ...]:
        """Return a line a checksum in that file that its samples do not match."""


@dataclass(frozen=True)
class _Stretch:
    path: str
    declared: Declared
    start: int
    samples: NDArray[np.float32]


class FileRecordings:
    """Recordings in files.

    Parameters
    ----------
    manifest : DataFrame
        With the columns ``id`` and ``path``, as `check_manifest` returns it. A column ``channels`` names the channels
        of the file, with commas between them; ``sample_rate`` (Hz) and ``variable`` say what a file cannot say itself.
    """

    def __init__(self, manifest: pd.DataFrame) -> None:
        self.manifest = manifest
        self._paths = dict(zip(manifest["id"], manifest["path"], strict=True))
        names = manifest["channels"] if "channels" in manifest else [""] * len(manifest)
        self._names = dict(zip(manifest["id"], names, strict=True))
        rates = manifest["declared_rate"] if "declared_rate" in manifest else [math.nan] * len(manifest)
        variables = manifest["variable"] if "variable" in manifest else [""] * len(manifest)
        self._declared = {
            record: Declared(
                None if math.isnan(rate) else rate, variable if isinstance(variable, str) and variable else None
            )
            for record, rate, variable in zip(manifest["id"], rates, variables, strict=True)
        }
        self._headers: dict[tuple[str, Declared], SignalHeader] = {}
        self._held = _Stretch("", NOTHING_DECLARED, 0, np.zeros((1, 0), dtype=np.float32))
        self._contents: dict[str, str] = {}
        self._faults: dict[str, tuple[str, ...]] = {}

    def header(self, record: str) -> SignalHeader:
        """Return the header of the file that holds a recording."""
        path, declared = self._paths[record], self._declared[record]
        if (path, declared) not in self._headers:
            self._headers[path, declared] = read_header(path, declared)
        header = self._headers[path, declared]
        text = self._names[record]
        if not isinstance(text, str) or not text:
            return header
        names = tuple(name.strip() for name in text.split(","))
        if len(names) != header.channels or len(set(names)) != len(names):
            raise DataError(
                f"{path}: has {header.channels} channels, but the manifest names {text!r}; "
                "expected as many names, each another"
            )
        return dataclasses.replace(header, channel_names=names)

    def read(self, record: str, start: int, stop: int) -> NDArray[np.float32]:
        """Return samples [channel, time] of that file, from sample ``start`` up to ``stop``; they are read-only."""
        path, declared = self._paths[record], self._declared[record]
        held = self._held
        known = (held.path, held.declared) == (path, declared)
        if not (known and held.start <= start and stop <= held.start + held.samples.shape[1]):
            # Segments of a file mostly follow each other: from the second on, what comes next is read with them.
            ahead = self.header(record).samples if known and start >= held.start else 0
            end = max(stop, min(start + _AHEAD, ahead))
            samples = read_samples(path, start, end, declared)
            samples.flags.writeable = False
            held = self._held = _Stretch(path, declared, start, samples)
        return held.samples[:, start - held.start : stop - held.start]

    def content(self, record: str) -> str:
        """Return the SHA-256 of the bytes of that file, and of the signal files of a header, and the variable."""
        path = self._paths[record]
        if path not in self._contents:
            self._contents[path] = "+".join(file_hash(file) for file in recording_files(path))
        variable = self._declared[record].variable
        return self._contents[path] if variable is None else f"{self._contents[path]}#{variable}"

    def faults(self, record: str) -> tuple[str, ...]:
        """Return a line a checksum in that file that its samples do not match; every file is read once."""
        path = self._paths[record]
        if path not in self._faults:
            self._faults[path] = verify_recording(path)
        return self._faults[path]


class ArrayRecordings:
    """Recordings in memory.

    Parameters
    ----------
    x : array or tensor [record, channel, time]
        Signals of one length.
    sample_rate : float
        In Hz.
    labels : sequence
        A label a recording; kept as text.
    groups, ids : sequence, optional
        A subject and an identifier a recording; kept as text. Identifiers are positions from 0 by default.
    channel_names : sequence of str, optional
        Positions from 0 by default.

    Raises
    ------
    DataError
        If the shapes or lengths do not go together, or an identifier comes twice.
    """

    def __init__(
        self,
        x: ArrayLike,
        sample_rate: float,
        labels: Sequence[Any] | NDArray[Any],
        groups: Sequence[Any] | NDArray[Any] | None = None,
        ids: Sequence[Any] | NDArray[Any] | None = None,
        channel_names: Sequence[str] | None = None,
    ) -> None:
        tensor: Any = x
        array = np.asarray(tensor.detach().cpu() if hasattr(tensor, "detach") else tensor, dtype=np.float32)
        if array.ndim != 3 or 0 in array.shape:
            raise DataError(f"signals have the shape {array.shape}; expected [record, channel, time], none of them 0")
        if not sample_rate > 0:
            raise DataError(f"sample_rate is {sample_rate!r}; expected a number of Hz above 0")
        records, channels, samples = array.shape
        names = tuple(map(str, range(channels) if channel_names is None else channel_names))
        if len(names) != channels or len(set(names)) != channels:
            raise DataError(f"{channels} channels have the names {names}; expected as many names, each another")
        given = {"id": range(records) if ids is None else ids, "label": labels, "subject": groups}
        columns = {name: np.asarray(values).tolist() for name, values in given.items() if values is not None}
        for name, values in columns.items():
            if any(isinstance(value, list) for value in values):
                raise DataError(f"{name!r} has more than one axis; expected one value a signal")
            missing = [number for number, value in enumerate(values) if pd.isna(value)]
            if missing:
                raise DataError(f"{name!r} is missing for {len(missing)} signals, the first is number {missing[0]}")
            if len(values) != records:
                raise DataError(f"there are {records} signals, but {len(values)} values of {name!r}")
        self.manifest = pd.DataFrame({name: list(map(str, values)) for name, values in columns.items()})
        if self.manifest["id"].duplicated().any():
            raise DataError("some ids come twice; expected each signal to have its own")
        self._rows = {record: row for row, record in enumerate(self.manifest["id"])}
        self._x = array
        self._header = SignalHeader(channels, samples, float(sample_rate), names)

    def header(self, record: str) -> SignalHeader:  # noqa: ARG002
        """Return the header that all recordings share."""
        return self._header

    def read(self, record: str, start: int, stop: int) -> NDArray[np.float32]:
        """Return samples [channel, time] from sample ``start`` up to ``stop``."""
        return self._x[self._rows[record], :, start:stop]

    def content(self, record: str) -> str:
        """Return the SHA-256 of the signal and its sample rate."""
        return f"{array_hash(self._x[self._rows[record]])}@{self._header.sample_rate!r}"

    def faults(self, record: str) -> tuple[str, ...]:  # noqa: ARG002
        """Return nothing: signals in memory have no checksums."""
        return ()
