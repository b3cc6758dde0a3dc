"""Read every recording once and say what is wrong with any of them, before anything is trained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from fusionkit.data.examine import examine
from fusionkit.data.recordings import Recordings
from fusionkit.data.settings import DataSettings
from fusionkit.data.signal import window_signal
from fusionkit.errors import DataError
from fusionkit.interfaces import SignalSpec

Progress = Callable[[int, int], None]

_SHORTEST = 0.1
_CLIPPED = 0.001
_SHOWN = 5


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
        (Hz) and ``content`` (hash of the file).
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
    """Read every recording once.

    A recording cannot be used if it is unreadable, truncated or empty; if a sample is NaN or infinite; if every channel
    is constant; if it lacks a channel, or has other channels than most; or if it is shorter than a tenth of a window.
    A warning tells of recordings shorter than a window (they will be padded with zeros), of constant channels beside
    others, of clipping (more than 0.1 % of the samples at full scale) and of recordings with the same content.

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
    for position, row in enumerate(rows):
        try:
            found.append({"position": position} | examine(recordings, row, settings.channels))
        except DataError as error:
            problems.append(_problem(row, error))
        if progress:
            progress(position + 1, len(rows))

    channels = settings.channels or _common_channels(found)
    kept = []
    for facts in found:
        try:
            _check_fit(facts, channels, settings)
            kept.append(facts)
        except DataError as error:
            problems.append(_problem(rows[facts["position"]], error))
    if problems and (settings.on_bad_file == "error" or not kept):
        hint = "mend or remove them, or leave them out with --on-bad-file skip" if kept else "none is left"
        raise DataError(f"{len(problems)} of {len(rows)} recordings cannot be used; {hint}", list(map(str, problems)))

    positions = [facts["position"] for facts in kept]
    records = manifest.iloc[positions].reset_index(drop=True)
    for column in ("start", "stop", "sample_rate", "content"):
        records[column] = [facts[column] for facts in kept]
    signal = window_signal(records, len(channels), settings)
    clipped = [facts["clipped"] for facts in kept]
    flat = [bool(facts["flat"]) for facts in kept]
    return ScanResult(records, channels, signal, tuple(problems), _warnings(records, clipped, flat, signal))


def _problem(row: dict[Any, Any], error: DataError) -> Problem:
    path = str(Path(row["path"])) if "path" in row else row["id"]
    return Problem(row["id"], path, error.message.removeprefix(f"{path}: "))


def _common_channels(found: list[dict[str, Any]]) -> tuple[str, ...]:
    layouts = Counter(facts["channels"] for facts in found)
    return layouts.most_common(1)[0][0] if layouts else ()


def _check_fit(facts: dict[str, Any], channels: tuple[str, ...], settings: DataSettings) -> None:
    if settings.channels is None and set(facts["channels"]) != set(channels):
        raise DataError(
            f"has the channels {', '.join(facts['channels'])}, most recordings have {', '.join(channels)}; "
            "choose common ones with --channels"
        )
    seconds = facts["stop"] - facts["start"]
    if settings.duration is not None and seconds < _SHORTEST * settings.duration:
        raise DataError(f"lasts {seconds:.3g} s, less than a tenth of the window of {settings.duration:g} s")


def _warnings(records: pd.DataFrame, clipped: list[float], flat: list[bool], signal: SignalSpec) -> tuple[str, ...]:
    seconds = records["stop"] - records["start"]
    short = seconds < signal.duration - 0.5 / signal.sample_rate
    loud = pd.Series(clipped) > _CLIPPED
    same = records.duplicated(["content", "start", "stop"], keep=False)
    labels = records["label"] if "label" in records else pd.Series("", index=records.index)
    kinds = labels.groupby([records["content"], records["start"], records["stop"]]).transform("nunique")
    shares = [f"{name} ({share:.1%})" for name, share in zip(records["id"], clipped, strict=True)]
    lines = (
        (short, f"are shorter than the window of {signal.duration:g} s and padded with zeros", records["id"]),
        (loud, "are clipped, with this share of their samples at full scale", pd.Series(shares)),
        (pd.Series(flat), "have a constant channel", records["id"]),
        (same, "have the same content as another one", records["id"]),
        (kinds > 1, "have the same content as another one WITH ANOTHER LABEL", records["id"]),
    )
    return tuple(
        f"{int(mask.sum())} of {len(records)} recordings {text}: {_names(names[mask])}"
        for mask, text, names in lines
        if mask.any()
    )


def _names(names: pd.Series[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
