"""Read the samples of a WFDB record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fusionkit.data.signal_header import Declared, SignalHeader
from fusionkit.data.units import conversion_note, read_as, unique_names
from fusionkit.data.wfdb_formats import FORMATS, SampleFormat
from fusionkit.data.wfdb_header import WfdbHeader, WfdbSignal, read_wfdb_header
from fusionkit.errors import DataError

_BLOCK = 1 << 18


class WfdbRecord:
    """Reads records by the path of their header."""

    def header(self, path: Path, declared: Declared) -> SignalHeader:  # noqa: ARG002
        """Return the header, after comparing what it declares with the size of every signal file."""
        header = read_wfdb_header(path)
        _groups(path, header)
        names = unique_names([signal.name for signal in header.signals])
        named = list(zip(names, header.signals, strict=True))
        conversions = [conversion_note(name, signal.units) for name, signal in named]
        assumed = [
            f"channel {name}: has no gain; {signal.gain:g} ADC units a {signal.units} assumed"
            for name, signal in named
            if signal.gain_assumed
        ]
        return SignalHeader(
            len(names),
            header.samples,
            header.sample_rate,
            names,
            tuple(read_as(signal.units)[0] for signal in header.signals),
            (*filter(None, conversions), *assumed),
        )

    def samples(self, path: Path, declared: Declared, start: int, stop: int) -> NDArray[np.float32]:  # noqa: ARG002
        """Return physical samples; those that the record marks as missing are NaN."""
        header = read_wfdb_header(path)
        stop = min(stop, header.samples)
        physical = np.empty((len(header.signals), max(0, stop - start)), dtype=np.float32)
        channel = 0
        for group in _groups(path, header):
            for signal, values in zip(group.signals, group.read(start, stop), strict=True):
                factor = read_as(signal.units)[1]
                with np.errstate(over="ignore"):
                    physical[channel] = (values - float(signal.baseline)) * (factor / signal.gain)
                physical[channel, values == group.format.missing] = np.nan
                channel += 1
        return physical


def signal_files(path: Path) -> tuple[Path, ...]:
    """Return the files that hold the samples of a record, by the path of its header."""
    return tuple(group.path for group in _groups(path, read_wfdb_header(path)))


def verify_checksums(path: Path) -> tuple[str, ...]:
    """Compare the samples of a record with the checksums in its header.

    Parameters
    ----------
    path : Path
        The ``.hea`` file.

    Returns
    -------
    tuple of str
        A fault a signal whose samples are not those that were written. Signals without a checksum have none.

    Raises
    ------
    DataError
        If the record cannot be read.
    """
    header = read_wfdb_header(path)
    faults: list[str] = []
    for group in _groups(path, header):
        sums = np.zeros(len(group.signals), dtype=np.int64)
        for start in range(0, header.samples, _BLOCK):
            sums += group.read(start, min(start + _BLOCK, header.samples)).sum(axis=1, dtype=np.int64)
        faults += [
            f"signal {signal.name or '(no name)'} in {signal.file} has the checksum {found}, "
            f"the header says {signal.checksum % 65536}; get a new copy"
            for signal, found in zip(group.signals, (sums % 65536).tolist(), strict=True)
            if signal.checksum is not None and found != signal.checksum % 65536
        ]
    return tuple(faults)


@dataclass(frozen=True)
class _Group:
    """The signals that share a file, sample by sample in turn."""

    path: Path
    signals: tuple[WfdbSignal, ...]
    format: SampleFormat

    def read(self, start: int, stop: int) -> NDArray[np.int32]:
        """Return ADC values [signal, time]; fewer where the file has been shortened."""
        count, packed = len(self.signals), self.format
        first = start * count // packed.samples
        last = -(-stop * count // packed.samples)
        content = np.fromfile(
            self.path,
            dtype=np.uint8,
            count=(last - first) * packed.bytes,
            offset=self.signals[0].byte_offset + first * packed.bytes,
        )
        skipped = start * count - first * packed.samples
        if content.size < packed.size(skipped + (stop - start) * count):
            raise DataError(f"{self.path}: is truncated: samples {start} to {stop} are not all there; get a new copy")
        missing = (last - first) * packed.bytes - content.size  # the last block of a file may be cut
        blocks = np.pad(content, (0, missing)) if missing else content
        values = packed.decode(blocks.reshape(-1, packed.bytes)).reshape(-1)[skipped : skipped + (stop - start) * count]
        return values.reshape(-1, count).T


def _groups(path: Path, header: WfdbHeader) -> tuple[_Group, ...]:
    groups = tuple(_open(path, header))
    if len({group.path for group in groups}) != len(groups):
        raise DataError(f"{path}: names a signal file again after another one; expected its signals side by side")
    return groups


def _open(path: Path, header: WfdbHeader) -> Iterator[_Group]:
    for name, members in groupby(header.signals, key=lambda signal: signal.file):
        signals, file = tuple(members), path.parent / name
        if len({(signal.format, signal.byte_offset) for signal in signals}) != 1:
            raise DataError(f"{path}: gives the signals of {name} different formats or offsets; expected one of each")
        packed = FORMATS.get(signals[0].format)
        if packed is None:
            raise DataError(
                f"{path}: {name} has the format {signals[0].format}; read are {', '.join(map(str, FORMATS))}"
            )
        if not file.is_file():
            raise DataError(f"{path}: its signal file {name} is missing")
        total = header.samples * len(signals)
        expected, size = packed.size(total), file.stat().st_size - signals[0].byte_offset
        if not expected <= size <= -(-total // packed.samples) * packed.bytes:
            raise DataError(
                f"{path}: declares {header.samples} samples of {len(signals)} signals in {name}, {expected} bytes; "
                f"the file holds {size}; get a new copy"
            )
        yield _Group(file, signals, packed)
