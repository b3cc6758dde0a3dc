"""Read every recording once and say what is wrong with any of them, before anything is trained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from fusionkit.data.examine import examine
from fusionkit.data.known_facts import KnownFacts
from fusionkit.data.recordings import Recordings
from fusionkit.data.resample import resample_ratio
from fusionkit.data.scan_warnings import scan_warnings
from fusionkit.data.settings import DataSettings
from fusionkit.data.signal import window_signal
from fusionkit.errors import DataError
from fusionkit.interfaces import SignalSpec

Progress = Callable[[int, int], None]

_SHORTEST = 0.1


@dataclass(frozen=True)
class Problem:
    """Why a recording cannot be used."""

    record: str
    path: str
    reason: str

    def __str__(self) -> str:
        return (
            f"{self.path}: {self.reason}" if self.path == self.record else f"{self.path} ({self.record}): {self.reason}"
        )


@dataclass(frozen=True)
class ScanResult:
    """What a scan found.

    Parameters
    ----------
    records : DataFrame
        The manifest of the recordings that can be used, with ``start`` and ``stop`` filled in (s), ``sample_rate``
        (Hz), ``content`` (hash of the file), ``digest`` (hash of the decoded samples) and ``level`` (dB re 1).
    channels : tuple of str
        The channels that are read, in this order.
    signal : SignalSpec
        Shape of a window.
    problems : tuple of Problem
        The recordings that cannot be used; without the policy ``skip`` there are none.
    warnings : tuple of str
        What a person should know of the others, a line each.
    """

    records: pd.DataFrame
    channels: tuple[str, ...]
    signal: SignalSpec
    problems: tuple[Problem, ...]
    warnings: tuple[str, ...]


def scan(recordings: Recordings, settings: DataSettings, progress: Progress | None = None) -> ScanResult:
    """Read every recording once; files that were read before, with the same bytes, are hashed only.

    A recording cannot be used if it is unreadable, truncated or empty; if a sample is NaN or infinite; if every channel
    is constant; if it lacks a channel, has other channels than most, or a channel in another unit than most; or if it
    is shorter than a tenth of a window. A warning tells of recordings shorter than a window (they will be padded with
    zeros), of constant channels beside others, of clipping (more than 0.1 % of the samples at full scale), of a mean
    above ten times the RMS about it, of resampling, of what a reader assumed, and of recordings with the same samples.

    Parameters
    ----------
    recordings : Recordings
        What to read.
    settings : DataSettings
        Windows, channels, sample rate, and what to do with bad recordings.
    progress : callable, optional
        Called with the number of recordings read so far and of all.

    Raises
    ------
    DataError
        If recordings cannot be used and the policy is ``error`` (its details list all of them), if none can be
        used, or if sample rates or lengths differ and the settings do not say what to do.
    """
    manifest = recordings.manifest
    rows: list[dict[Any, Any]] = manifest.to_dict("records")
    found: list[dict[str, Any]] = []
    problems: list[Problem] = []
    known = KnownFacts(recordings, settings.channels)
    for position, row in enumerate(rows):
        try:
            facts = known.of(row["id"]) or examine(recordings, row, settings.channels)
            found.append(facts | {"position": position})
        except DataError as error:
            problems.append(_problem(row, error))
        if progress:
            progress(position + 1, len(rows))
    known.keep({rows[facts["position"]]["id"]: facts for facts in found})

    channels = settings.channels or _most_common(facts["channels"] for facts in found)
    units = dict(_most_common(tuple(zip(facts["channels"], facts["units"], strict=False)) for facts in found))
    kept = []
    for facts in found:
        try:
            _check_fit(facts, channels, units, settings)
            kept.append(facts)
        except DataError as error:
            problems.append(_problem(rows[facts["position"]], error))
    if problems and (settings.on_bad_file == "error" or not kept):
        hint = "mend or remove them, or leave them out with --on-bad-file skip" if kept else "none is left"
        raise DataError(f"{len(problems)} of {len(rows)} recordings cannot be used; {hint}", problem_lines(problems))

    positions = [facts["position"] for facts in kept]
    records = manifest.iloc[positions].reset_index(drop=True)
    for column in ("start", "stop", "sample_rate", "content", "digest", "level"):
        records[column] = [facts[column] for facts in kept]
    signal = window_signal(records, len(channels), settings)
    warnings = scan_warnings(records, pd.DataFrame(kept), signal, whole=settings.window == "whole")
    return ScanResult(records, channels, signal, tuple(problems), warnings)


def problem_lines(problems: Iterable[Problem]) -> list[str]:
    """Return a line a problem; segments of one file that fail for one reason share a line."""
    groups: dict[tuple[str, str], list[Problem]] = {}
    for problem in problems:
        groups.setdefault((problem.path, problem.reason), []).append(problem)
    return [
        str(group[0]) if len(group) == 1 else f"{path}: {reason} ({len(group)} segments of it)"
        for (path, reason), group in groups.items()
    ]


def _problem(row: dict[Any, Any], error: DataError) -> Problem:
    path = str(Path(row["path"])) if "path" in row else row["id"]
    return Problem(row["id"], path, error.message.removeprefix(f"{path}: "))


def _most_common(values: Iterable[tuple[Any, ...]]) -> tuple[Any, ...]:
    counts = Counter(values).most_common(1)
    return counts[0][0] if counts else ()


def _check_fit(facts: dict[str, Any], channels: tuple[str, ...], units: dict[str, str], settings: DataSettings) -> None:
    if settings.channels is None and set(facts["channels"]) != set(channels):
        raise DataError(
            f"has the channels {', '.join(facts['channels'])}, most recordings have {', '.join(channels)}; "
            "choose common ones with --channels"
        )
    other = [
        f"{name} in {unit}, most recordings in {units[name]}"
        for name, unit in zip(facts["channels"], facts["units"], strict=False)
        if unit != units.get(name, unit)
    ]
    if other:
        raise DataError(f"has {'; '.join(other)}")
    if settings.sample_rate is not None:
        resample_ratio(facts["sample_rate"], settings.sample_rate)
    seconds = facts["stop"] - facts["start"]
    if settings.duration is not None and seconds < _SHORTEST * settings.duration:
        raise DataError(f"lasts {seconds:.3g} s, less than a tenth of the window of {settings.duration:g} s")
