"""What a data set holds, before a run: counts, quality, durations, channels, and what is wrong."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from fusionkit.data.labels import label_classes
from fusionkit.data.lenient_settings import lenient_settings
from fusionkit.data.recordings import Recordings
from fusionkit.data.scan import Progress, ScanResult, problem_lines, scan
from fusionkit.data.settings import DataSettings

PARTITIONS = ("split", "database", "quality")


@dataclass(frozen=True)
class Inspection:
    """What a data set holds.

    Parameters
    ----------
    summary : dict
        Made of numbers and texts, for JSON and tables.
    scanned : ScanResult
        The recordings that can be used.
    """

    summary: dict[str, Any]
    scanned: ScanResult


def inspect(recordings: Recordings, settings: DataSettings, progress: Progress | None = None) -> Inspection:
    """Read every recording once and count what there is; bad recordings are listed and left out.

    Where the settings choose no duration, sample rate or channels, recordings may differ in them, and the summary says
    what a run will have to choose.

    Parameters
    ----------
    recordings : Recordings
        What to read, with labels.
    settings : DataSettings
        As a run would get them.
    progress : callable, optional
        Called with the number of recordings read so far and of all.

    Raises
    ------
    DataError
        If no recording can be used.
    """
    chosen, needs = lenient_settings(recordings, settings)
    chosen = dataclasses.replace(chosen, on_bad_file="skip")
    scanned = scan(recordings, chosen, progress)
    # Nobody asked for the rate that was chosen to read them all.
    asked = chosen.sample_rate == settings.sample_rate
    warnings = [line for line in scanned.warnings if asked or "are resampled to" not in line]
    summary = _summary(recordings, scanned) | {"needs": list(needs), "warnings": warnings}
    return Inspection(summary, scanned)


def _summary(recordings: Recordings, scanned: ScanResult) -> dict[str, Any]:
    records = scanned.records
    attributes = recordings.manifest.attrs
    multilabel = bool(attributes.get("multilabel", False))
    seconds = records["stop"] - records["start"]
    labels = [label_classes(label, multilabel) for label in records["label"]]
    names = list(attributes.get("classes") or sorted({name for row in labels for name in row}))
    layouts = Counter(_layout(recordings, record) for record in records["id"])
    return {
        "recordings": len(records),
        "left_out": len(scanned.problems),
        "classes": {name: _class(records[[name in row for row in labels]]) for name in names},
        "subjects": _subjects(records, labels),
        **{column: _counts(records[column]) if column in records else None for column in PARTITIONS},
        "seconds": {**_spread(seconds), "total": float(seconds.sum())},
        "sample_rates": {f"{rate:g}": count for rate, count in Counter(records["sample_rate"]).most_common()},
        "channels": [
            {"names": list(channels), "units": list(units), "recordings": count}
            for (channels, units), count in layouts.most_common()
        ],
        "cautions": list(attributes.get("cautions", ())),
        "problems": problem_lines(scanned.problems),
    }


def _class(records: pd.DataFrame) -> dict[str, Any]:
    seconds = records["stop"] - records["start"]
    return {
        "recordings": len(records),
        "subjects": records["subject"].nunique() if "subject" in records else None,
        "seconds": float(seconds.sum()),
        **{column: _counts(records[column]) if column in records else None for column in PARTITIONS},
    }


def _subjects(records: pd.DataFrame, labels: list[tuple[str, ...]]) -> dict[str, Any] | None:
    if "subject" not in records:
        return None
    kinds: dict[str, set[tuple[str, ...]]] = {}
    for subject, label in zip(records["subject"], labels, strict=True):
        kinds.setdefault(subject, set()).add(label)
    return {
        "count": len(kinds),
        "recordings_each": _spread(records["subject"].value_counts()),
        "with_several_labels": sum(len(kind) > 1 for kind in kinds.values()),
    }


def _layout(recordings: Recordings, record: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    header = recordings.header(record)
    return header.channel_names, header.units


def _counts(values: Iterable[Any]) -> dict[str, int]:
    return dict(sorted(Counter("not said" if pd.isna(value) else str(value) for value in values).items()))


def _spread(values: pd.Series[Any]) -> dict[str, float]:
    return {"min": float(values.min()), "median": float(values.median()), "max": float(values.max())}
