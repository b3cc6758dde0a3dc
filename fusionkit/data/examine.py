"""Read one recording and state its facts."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from fusionkit.data.channels import channel_positions
from fusionkit.data.recordings import Recordings
from fusionkit.data.signal_header import FULL_SCALE
from fusionkit.data.units import is_known
from fusionkit.errors import DataError

_BLOCK = 1 << 20
_FULL_SCALE = 32767 / 32768


def examine(recordings: Recordings, row: Mapping[Any, Any], channels: tuple[str, ...] | None) -> dict[str, Any]:
    """Read a recording in blocks.

    Parameters
    ----------
    recordings : Recordings
        What to read.
    row : mapping
        Its row in the manifest.
    channels : tuple of str, optional
        The channels to read; None: all.

    Returns
    -------
    dict
        ``channels`` (names), ``units`` (of these channels), ``header_notes`` (of the reader), ``sample_rate`` (Hz),
        ``start`` and ``stop`` (s), ``content`` (hash of the file), ``digest`` (hash of the decoded samples), ``level``
        (RMS about the mean, in dB re 1), ``offset`` (mean over RMS about it), ``clipped`` (share of the samples at full
        scale) and ``flat`` (names of constant channels).

    Raises
    ------
    DataError
        If it cannot be read, does not match its checksums, has NaN or infinite samples, is constant, or a channel has
        an unknown unit.
    """
    record = row["id"]
    header = recordings.header(record)
    names = header.channel_names if channels is None else channels
    positions = channel_positions(header.channel_names, names)
    units = tuple(header.units[position] for position in positions) if header.units else ()
    for name, unit in zip(names, units, strict=False):
        if not is_known(unit):
            raise DataError(f"channel {name!r} has the unit {unit!r}, which is not known; correct it or leave it out")
    if faults := recordings.faults(record):
        raise DataError("; ".join(faults))
    first, last = segment(row, header.samples, header.sample_rate)

    digest = hashlib.sha256(f"{len(positions)} {last - first}".encode())
    sums, squares = np.zeros(len(positions)), np.zeros(len(positions))
    low, high = np.full(len(positions), np.inf), np.full(len(positions), -np.inf)
    not_finite = full_scale = 0
    for start in range(first, last, _BLOCK):
        block = recordings.read(record, start, min(start + _BLOCK, last))[positions]
        digest.update(np.ascontiguousarray(block).data)
        exact = block.astype(np.float64)
        sums, squares = sums + exact.sum(axis=1), squares + (exact**2).sum(axis=1)
        low, high = np.minimum(low, block.min(axis=1)), np.maximum(high, block.max(axis=1))
        if not np.isfinite(block).all():
            not_finite += int((~np.isfinite(block)).sum())
        full_scale += int((np.abs(block) >= _FULL_SCALE).sum())
    total = (last - first) * len(positions)
    if not_finite:
        raise DataError(f"has {not_finite} samples of {total} that are NaN or infinite")
    flat = tuple(name for name, is_flat in zip(names, low == high, strict=True) if is_flat)
    if len(flat) == len(names):
        raise DataError(f"is constant: every sample is {low[0]:g}")
    samples = last - first
    means = sums / samples
    spread = np.sqrt(np.maximum(squares / samples - means**2, np.finfo(np.float64).tiny))
    # Float sound files beyond 1 hold physical values, in which 1 is no full scale.
    clipped = 0.0
    if set(units) == {FULL_SCALE} and max(abs(low).max(), abs(high).max()) <= 1:
        clipped = full_scale / total
    return {
        "channels": names,
        "units": units,
        "header_notes": header.notes,
        "sample_rate": header.sample_rate,
        "start": first / header.sample_rate,
        "stop": last / header.sample_rate,
        "content": recordings.content(record),
        "digest": digest.hexdigest(),
        "level": 10 * math.log10(float(np.mean(spread**2))),
        "offset": float(np.max(np.abs(means) / spread, where=low != high, initial=0.0)),
        "clipped": clipped,
        "flat": flat,
    }


def segment(row: Mapping[Any, Any], samples: int, sample_rate: float) -> tuple[int, int]:
    """Return the first sample of a segment and the one after its last.

    Raises
    ------
    DataError
        If the segment lies outside the file or holds no sample.
    """
    bounds = [row.get("start", math.nan), row.get("stop", math.nan)]
    start = 0.0 if math.isnan(bounds[0]) else bounds[0]
    stop = samples / sample_rate if math.isnan(bounds[1]) else bounds[1]
    first, last = round(start * sample_rate), round(min(stop, 1e12) * sample_rate)
    if not 0 <= first < last <= samples:
        raise DataError(
            f"the segment from {start:g} to {stop:g} s does not lie in the file of {samples / sample_rate:g} s"
        )
    return first, last
