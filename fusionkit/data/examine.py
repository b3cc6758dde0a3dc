"""Read one recording and state its facts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from fusionkit.data.channels import channel_positions
from fusionkit.data.recordings import Recordings
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
        ``channels`` (names), ``sample_rate`` (Hz), ``start`` and ``stop`` (s), ``content`` (hash), ``clipped`` (share
        of the samples at full scale) and ``flat`` (names of constant channels).

    Raises
    ------
    DataError
        If it cannot be read, has NaN or infinite samples, or is constant.
    """
    record = row["id"]
    header = recordings.header(record)
    names = header.channel_names if channels is None else channels
    positions = channel_positions(header.channel_names, names)
    first, last = segment(row, header.samples, header.sample_rate)

    low, high = np.full(len(positions), np.inf), np.full(len(positions), -np.inf)
    not_finite = full_scale = 0
    for start in range(first, last, _BLOCK):
        block = recordings.read(record, start, min(start + _BLOCK, last))[positions]
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
    # Beyond 1 the unit is a physical one, in which 1 is no full scale.
    clipped = full_scale / total if max(abs(low).max(), abs(high).max()) <= 1 else 0.0
    return {
        "channels": names,
        "sample_rate": header.sample_rate,
        "start": first / header.sample_rate,
        "stop": last / header.sample_rate,
        "content": recordings.content(record),
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
