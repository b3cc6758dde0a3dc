"""Read EDF and BDF files."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fusionkit.data.signal_header import Declared, SignalHeader
from fusionkit.data.units import conversion_note, read_as, unique_names
from fusionkit.errors import DataError

_FIXED = 256
_MOST_SIGNALS = 4096
_FIELDS = (16, 80, 8, 8, 8, 8, 8, 80, 8, 32)  # bytes a signal: label, transducer, unit, bounds, filter, samples, rest
_EDF, _BDF = b"0       ", b"\xffBIOSEMI"


class EdfFile:
    """Reads the channels of the most common sample rate of a continuous recording, of two equally common the higher.

    Channels of other rates, which the notes of the header name, and annotation channels are left out.

    References
    ----------
    Kemp et al. (1992), A simple format for exchange of digitized polygraphic recordings, Electroencephalography and
    Clinical Neurophysiology 82(5), doi:10.1016/0013-4694(92)90009-7.
    """

    def header(self, path: Path, declared: Declared) -> SignalHeader:  # noqa: ARG002
        """Return the header, after comparing what it declares with the size of the file."""
        layout = _layout(path)
        names = unique_names([channel.label for channel in layout.channels])
        notes = [conversion_note(name, channel.unit) for name, channel in zip(names, layout.channels, strict=True)]
        return SignalHeader(
            len(names),
            layout.records * layout.channels[0].count,
            layout.channels[0].count / layout.seconds,
            names,
            tuple(read_as(channel.unit)[0] for channel in layout.channels),
            (*filter(None, notes), *layout.left_out),
        )

    def samples(self, path: Path, declared: Declared, start: int, stop: int) -> NDArray[np.float32]:  # noqa: ARG002
        """Return physical samples."""
        layout = _layout(path)
        count = layout.channels[0].count
        first, last = start // count, min(-(-stop // count), layout.records)
        record_bytes = layout.record_samples * layout.width
        content = np.fromfile(
            path, dtype=np.uint8, count=(last - first) * record_bytes, offset=layout.start + first * record_bytes
        )
        records = content[: content.size // record_bytes * record_bytes].reshape(
            -1, layout.record_samples, layout.width
        )
        physical = np.empty((len(layout.channels), max(0, stop - start)), dtype=np.float32)
        for row, channel in zip(physical, layout.channels, strict=True):
            digital = _integers(records[:, channel.first : channel.first + count])[start - first * count :][: row.size]
            if digital.size < row.size:
                return physical[:, : digital.size]
            with np.errstate(over="ignore"):
                row[:] = digital * channel.scale + channel.offset
        return physical


@dataclass(frozen=True)
class _Channel:
    """Where a channel lies in a data record, and physical = digital * scale + offset."""

    label: str
    unit: str
    first: int
    count: int
    scale: float
    offset: float


@dataclass(frozen=True)
class _Layout:
    """How data records follow each other.

    ``record_samples`` counts all that is left out too, ``width`` is in bytes, ``left_out`` a line a channel.
    """

    start: int
    records: int
    seconds: float
    record_samples: int
    width: int
    channels: tuple[_Channel, ...]
    left_out: tuple[str, ...]


def _layout(path: Path) -> _Layout:
    size = path.stat().st_size
    with path.open("rb") as file:
        fixed = file.read(_FIXED)
        if len(fixed) < _FIXED or fixed[:8] not in (_EDF, _BDF):
            raise DataError(f"{path}: is no {path.suffix[1:].upper()} file: its header does not start like one")
        start, records, count = (
            _whole(path, fixed[place], what)
            for place, what in (
                (slice(184, 192), "bytes"),
                (slice(236, 244), "data records"),
                (slice(252, 256), "signals"),
            )
        )
        seconds = _number(path, fixed[244:252], "duration of a data record")
        if fixed[192:197] in (b"EDF+D", b"BDF+D"):
            raise DataError(f"{path}: is a recording with gaps (EDF+D), which is not read; export it as EDF+C pieces")
        if not 1 <= count <= _MOST_SIGNALS or start != _FIXED * (count + 1) or start > size:
            raise DataError(f"{path}: is damaged: its header declares {count} signals and a length of {start} bytes")
        described = file.read(start - _FIXED)
    columns, place = [], 0
    for width in _FIELDS:
        columns.append([described[place + width * signal :][:width] for signal in range(count)])
        place += width * count
    counts = [_whole(path, field, "samples a data record") for field in columns[8]]
    if min(counts) < 1 or not 0 < seconds < math.inf:
        raise DataError(f"{path}: is damaged: a data record of {seconds:g} s holds {min(counts)} samples of a signal")
    width = 3 if fixed[:8] == _BDF else 2
    record_bytes = sum(counts) * width
    if records == -1:  # not known when the header was written
        records = (size - start) // record_bytes
    if records * record_bytes != size - start:
        raise DataError(
            f"{path}: declares {records} data records of {record_bytes} bytes, its samples take {size - start}; "
            "get a new copy"
        )
    channels = []
    for signal in range(count):
        texts = [column[signal] for column in columns]
        if texts[0].strip() not in (b"EDF Annotations", b"BDF Annotations"):
            channels.append(_channel(path, texts, sum(counts[:signal]), counts[signal]))
    if not channels:
        raise DataError(f"{path}: holds annotations only, no signal")
    frequency = Counter(channel.count for channel in channels)
    common = max(frequency, key=lambda samples: (frequency[samples], samples))
    left_out = [
        f"channel {channel.label} at {channel.count / seconds:g} Hz is left out: "
        f"those of {common / seconds:g} Hz are read"
        for channel in channels
        if channel.count != common
    ]
    kept = tuple(channel for channel in channels if channel.count == common)
    return _Layout(start, records, seconds, sum(counts), width, kept, tuple(left_out))


def _channel(path: Path, texts: list[bytes], first: int, count: int) -> _Channel:
    label, unit = (
        "".join(letter for letter in text.decode("latin-1") if letter.isprintable()).strip()
        for text in (texts[0], texts[2])
    )
    low, high = (_number(path, text, f"physical bound of {label!r}") for text in texts[3:5])
    digital_low, digital_high = (_whole(path, text, f"digital bound of {label!r}") for text in texts[5:7])
    if low == high or digital_low >= digital_high:
        raise DataError(
            f"{path}: channel {label!r} maps {digital_low} ... {digital_high} to {low:g} ... {high:g} {unit}; "
            "expected two different physical bounds, and a digital maximum above the minimum"
        )
    scale = (high - low) / (digital_high - digital_low)
    factor = read_as(unit)[1]
    return _Channel(label, unit, first, count, factor * scale, factor * (low - digital_low * scale))


def _integers(samples: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return little-endian integers [time] from bytes [record, sample, byte]."""
    parts = samples.reshape(-1, samples.shape[-1]).astype(np.int64)
    bits = 8 * parts.shape[1]
    values: NDArray[np.int64] = parts @ (1 << np.arange(0, bits, 8))
    return values - ((values >> (bits - 1)) << bits)


def _whole(path: Path, field: bytes, what: str) -> int:
    value = _number(path, field, what)
    if value != int(value):
        raise DataError(f"{path}: is damaged: {what} is {value:g}; expected a whole number")
    return int(value)


def _number(path: Path, field: bytes, what: str) -> float:
    try:
        value = float(field.decode("ascii").strip(" \0"))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError(f"{path}: is damaged: {what} is {field!r}; expected a number")
    return value
