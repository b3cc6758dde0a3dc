"""The results of a run in the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from fusionkit.cli.branches_output import print_branches
from fusionkit.data.audit.findings import floor_text
from fusionkit.evaluation.metrics import METRICS
from fusionkit.run.audited_data import RECORD_WISE
from fusionkit.run.seen_records import UNKNOWN

Scores = dict[str, Any]


def print_results(summary: dict[str, Any], folder: Path) -> None:
    """Print the figures of every part, with intervals, levels, folds, the floor of the confounds, and cautions."""
    console = Console()
    scores: dict[str, Scores] = summary["metrics"]
    shown = "test" if "test" in scores else next(iter(scores))
    console.print()
    pooled = {"test, all folds in one": scores["test"]["pooled"]} if "pooled" in scores.get("test", {}) else {}
    console.print(_figures(summary, scores | pooled))
    console.print()
    console.print(_confusion(scores[shown], shown, summary["leaky"]))
    stamp = "LEAKY, " if summary["leaky"] else ""
    folds = scores[shown].get("folds", {})
    if folds:
        console.print(
            f"mean ± SD over {len(folds)} folds; {shown}, each fold by itself:", highlight=False, soft_wrap=True
        )
    for fold, part in folds.items():
        figures = "  ".join(f"{name} {_figure(part, name)}" for name in METRICS)
        console.print(
            escape(f"{stamp}fold {fold} ({part['records']} recordings): {figures}"), highlight=False, soft_wrap=True
        )
    for level, part in scores[shown].get("levels", {}).items():
        if level == "subject" or scores[shown]["windows"] != scores[shown]["records"]:
            figures = "  ".join(f"{name} {_figure(part, name)}" for name in METRICS)
            console.print(f"{stamp}{shown} by {level}: {figures}", highlight=False, soft_wrap=True)
    measured = scores[shown].get("pooled") or scores[shown]
    if "interval_note" in measured:
        console.print(f"intervals: {measured['interval_note']}", highlight=False, soft_wrap=True)
    for row in summary["audit"]["floor"]:
        text = f"floor, learned on the training part: {floor_text(row)} on the test part"
        console.print(escape(text), highlight=False, soft_wrap=True)
    if summary.get("branches"):
        print_branches(summary["branches"], console)
    if summary["leaky"]:
        lines = [*summary["leaks"][:5], *(["..."] if len(summary["leaks"]) > 5 else [])]
        console.print(f"[red bold]LEAKY[/]: {escape('; '.join(lines))}", highlight=False, soft_wrap=True)
    for caution in summary["cautions"]:
        console.print(f"[yellow]{escape(caution)}[/yellow]", highlight=False, soft_wrap=True)
    trained = f"{summary['epochs']} epochs, " if summary["epochs"] else ""  # an evaluation trains nothing
    place = "run folder" if trained else "folder"
    console.print(f"{trained}{summary['seconds']:.0f} s; {place}:", highlight=False, soft_wrap=True)
    click.echo(str(folder))


def headline(summary: dict[str, Any]) -> str:
    """Return what must stand above every table of a run: that it leaks or may leak, or that subjects are not known."""
    unknown = any(line.startswith(UNKNOWN) for line in summary["cautions"])
    marks = {"LEAKY": summary["leaky"], UNKNOWN: unknown, RECORD_WISE: summary["record_wise"]}
    return "; ".join(mark for mark, holds in marks.items() if holds)


def _figures(summary: dict[str, Any], scores: dict[str, Scores]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False, title=headline(summary) or None, title_justify="left")
    table.add_column("by recording")
    for split in scores:
        table.add_column(split, justify="right")
    if len(summary["classes"]) == 2:
        table.add_row("finding", *[escape(summary["classes"][1])] * len(scores))
    table.add_row("recordings", *(str(part["records"]) for part in scores.values()))
    if any("subjects" in part for part in scores.values()):
        table.add_row("subjects", *(str(part.get("subjects", "")) for part in scores.values()))
    for name in METRICS:
        table.add_row(metric_title(name, scores), *(_figure(part, name) for part in scores.values()))
    for label in summary["classes"]:
        table.add_row(escape(f"F1 {label}"), *(_number(part["f1"][label]) for part in scores.values()))
    return table


def metric_title(name: str, scores: dict[str, Scores]) -> str:
    """Return a metric in words; the accuracy of several classes a recording counts only what is right in all."""
    several = next(iter(scores.values()))["multilabel"]
    return "exact match" if several and name == "accuracy" else name.replace("_", " ")


def _confusion(scores: Scores, split: str, leaky: bool) -> Table:
    stamp = "LEAKY, " if leaky else ""
    table = Table(box=None, header_style="bold", pad_edge=False)
    if scores["multilabel"]:
        table.add_column(f"{stamp}{split}: class")
        for heading in ("true negative", "false positive", "false negative", "true positive"):
            table.add_column(heading, justify="right")
        for label, ((tn, fp), (fn, tp)) in zip(scores["classes"], scores["confusion"], strict=True):
            table.add_row(escape(label), *map(str, (tn, fp, fn, tp)))
        return table
    table.add_column(f"{stamp}{split}: true \\ predicted")
    for label in scores["classes"]:
        table.add_column(escape(label), justify="right")
    for label, row in zip(scores["classes"], scores["confusion"], strict=True):
        table.add_row(escape(label), *map(str, row))
    return table


def _figure(part: Scores, name: str) -> str:
    text = _number(part[name])
    if "sd" in part:
        return f"{text} ± {_number(part['sd'][name])}"
    bounds = part.get("interval", {}).get(name)
    return f"{text} ({_number(bounds[0])}-{_number(bounds[1])})" if bounds else text


def _number(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.3f}"
