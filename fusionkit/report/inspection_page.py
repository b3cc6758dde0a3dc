"""The page of an inspection: one HTML file with tables, histograms and pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jinja2
import numpy as np
from markupsafe import Markup

from fusionkit.data.channels import channel_positions
from fusionkit.data.labels import label_classes
from fusionkit.data.recordings import Recordings
from fusionkit.registry import Component
from fusionkit.report import inspection_figures as figures
from fusionkit.report.inspection import PARTITIONS, Inspection

LONGEST = 10.0  # s of a recording that are drawn

Options = Mapping[str, Mapping[str, Any]]


def inspection_page(
    title: str,
    inspection: Inspection,
    recordings: Recordings,
    representations: list[tuple[Component, Mapping[str, Any]]],
    *,
    pictures: int,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    title : str
        The data spec.
    inspection : Inspection
        What was found.
    recordings : Recordings
        What pictures are drawn of.
    representations : list of (Component, options)
        What each picture shows.
    pictures : int
        How many recordings are drawn, of every class in turn.
    seed : int
        Decides which ones.
    progress : callable, optional
        Called with the number of recordings drawn so far and of all.
    """
    records = inspection.scanned.records
    summary = inspection.summary
    seconds = (records["stop"] - records["start"]).to_numpy(float)
    drawn = []
    chosen = _draw(inspection, bool(recordings.manifest.attrs.get("multilabel", False)), pictures, seed)
    for number, row in enumerate(chosen, start=1):
        drawn.append(_pictures(row, inspection, recordings, representations))
        if progress:
            progress(number, len(chosen))
    return _template().render(
        title=title,
        summary=summary,
        partitions={column: list(summary[column]) for column in PARTITIONS if summary[column]},
        durations=Markup(figures.histogram(seconds, "duration (s)")),
        rates=Markup(figures.bars(summary["sample_rates"], "sample rate (Hz)")),
        classes=Markup(figures.bars({name: row["recordings"] for name, row in summary["classes"].items()}, "class")),
        longest=LONGEST,
        representations=[component.name for component, _ in representations],
        pictures=drawn,
        seed=seed,
    )


def _template() -> jinja2.Template:
    loader = jinja2.PackageLoader("fusionkit", "report")
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("inspection.html.jinja")


def _draw(inspection: Inspection, multilabel: bool, count: int, seed: int) -> list[dict[Any, Any]]:
    """Return one recording of every class, then a second one, and so on, drawn at random."""
    rng = np.random.default_rng(seed)
    records = inspection.scanned.records
    rows: list[dict[Any, Any]] = records.iloc[rng.permutation(len(records))].to_dict("records")
    chosen: dict[str, tuple[int, dict[Any, Any]]] = {}
    for _ in range(count):
        for place, name in enumerate(inspection.summary["classes"]):
            fits = (r for r in rows if r["id"] not in chosen and name in label_classes(r["label"], multilabel))
            found = next(fits, None)
            if found is not None and len(chosen) < count:
                chosen[found["id"]] = (place, found)
    return [row for _, row in sorted(chosen.values(), key=lambda entry: entry[0])]


def _pictures(
    row: Mapping[Any, Any],
    inspection: Inspection,
    recordings: Recordings,
    representations: list[tuple[Component, Mapping[str, Any]]],
) -> dict[str, Any]:
    rate = row["sample_rate"]
    first = round(row["start"] * rate)
    last = min(round(row["stop"] * rate), first + round(LONGEST * rate))
    channels = inspection.scanned.channels
    positions = channel_positions(recordings.header(row["id"]).channel_names, channels)
    samples = recordings.read(row["id"], first, max(last, first + 1))[positions]
    return {
        "id": row["id"],
        "label": row["label"],
        "channel": channels[0],
        "cells": [figures.picture(samples, rate, component, options) for component, options in representations],
    }
