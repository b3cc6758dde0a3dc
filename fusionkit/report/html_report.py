"""The report of a run: one HTML file, made from the run folder alone."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
from markupsafe import Markup

from fusionkit.config.toml import parse
from fusionkit.data.labels import label_classes
from fusionkit.errors import DataError
from fusionkit.evaluation.metrics import METRICS
from fusionkit.evaluation.predictions import class_names, read_predictions
from fusionkit.report import figures
from fusionkit.report.attention_figure import attention_bars


def html_report(folder: Path) -> str:
    """Return the report of a run folder as HTML.

    Parameters
    ----------
    folder : Path
        A run folder with its tables.

    Raises
    ------
    DataError
        If a file of the run is missing or cannot be read.
    """
    try:
        summary = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        environment = json.loads((folder / "environment.json").read_text(encoding="utf-8"))
        config = (folder / "config.toml").read_text(encoding="utf-8")
        history = pd.read_csv(folder / "history.csv", dtype={"fold": str, "stage": str}, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise DataError(f"{folder} is not a complete run folder: {error}") from error
    multilabel = bool(next(iter(summary["metrics"].values()))["multilabel"])
    predictions = read_predictions(folder / "predictions.csv", multilabel)
    shown = "test" if "test" in summary["metrics"] else next(iter(summary["metrics"]))
    scores = summary["metrics"][shown]
    loader = jinja2.PackageLoader("fusionkit", "report")
    template = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined).get_template(
        "page.html.jinja"
    )
    return template.render(
        summary=summary,
        shown=shown,
        scores=scores,
        parts=_parts(summary["metrics"]),
        metric_names=list(METRICS),
        levels=_levels(scores),
        confidence=parse(config, "its configuration").evaluation.confidence,
        number=_number,
        interval=_interval,
        config=config,
        environment=environment,
        counts=_counts(predictions, multilabel),
        attention=Markup(attention_bars(pd.DataFrame(summary["attention"]))) if summary.get("attention") else "",
        learning=Markup(figures.learning_curves(history)),
        confusion=Markup(figures.confusion(scores["confusion"], scores["classes"])),
        roc=Markup(figures.roc_curves(predictions[predictions["split"] == shown], multilabel)),
    )


def _number(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.3f}"


def _parts(metrics: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the figures of every part, and of the test parts of all folds in one table."""
    pooled = metrics.get("test", {}).get("pooled")
    return metrics if pooled is None else metrics | {"test, all folds in one": pooled}


def _levels(scores: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the other levels where they say something new: windows, if records have several, and subjects."""
    found = dict((scores.get("pooled") or scores)["levels"])
    if scores["windows"] == scores["records"]:
        found.pop("window", None)
    return found


def _interval(scores: dict[str, Any], metric: str) -> str:
    bounds = scores.get("interval", {}).get(metric)
    return f"({_number(bounds[0])} to {_number(bounds[1])})" if bounds else ""


def _counts(predictions: pd.DataFrame, multilabel: bool) -> dict[str, Any]:
    """Return the number of records of every class in every part."""
    records = predictions.drop_duplicates(["fold", "split", "record"])
    count = Counter(
        (name, split)
        for label, split in zip(records["label"], records["split"], strict=True)
        for name in label_classes(label, multilabel)
    )
    parts = [part for part in ("train", "validation", "test") if part in set(records["split"])]
    rows = [(name, [count[name, part] for part in parts]) for name in class_names(predictions)]
    return {"parts": parts, "rows": rows}
