"""What ``fusionkit run`` prints."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from fusionkit.cli.terminal import TerminalReporter
from fusionkit.config.run_config import RunConfig
from fusionkit.evaluation.metrics import METRICS
from fusionkit.registry import Registry
from fusionkit.run.run import negotiate, run
from fusionkit.run.run_folder import check_place


def dry_run_output(config: RunConfig, registry: Registry, seed: int, out: Path | None, as_json: bool) -> None:
    """Print the negotiation of a model and stop."""
    config = dataclasses.replace(config, seed=seed)
    if out:
        check_place(out)
    with TerminalReporter() as reporter:
        described = negotiate(config, registry, reporter)
    if as_json:
        click.echo(json.dumps(described))
    else:
        _print_model(described)


def run_output(config: RunConfig, registry: Registry, seeds: list[int], out: Path | None, as_json: bool) -> None:
    """Run once a seed and print the results; with ``--json`` one object, or a list of them for several seeds."""
    places = [out / f"seed{seed}" if out and len(seeds) > 1 else out for seed in seeds]
    for place in places:
        if place:
            check_place(place)
    results: list[dict[str, Any]] = []
    try:
        for seed, place in zip(seeds, places, strict=True):
            with TerminalReporter() as reporter:
                result = run(dataclasses.replace(config, seed=seed), registry, out=place, reporter=reporter)
            summary = result.summary
            keys = ("metrics", "epochs", "seconds", "parameters", "cautions")
            results.append({"run": str(result.folder), **{key: summary[key] for key in keys}})
            if not as_json:
                _print_model(summary["model"])
                _print_results(summary, result.folder)
    finally:
        # What earlier seeds gave is told even when a later one fails.
        if as_json and results:
            click.echo(json.dumps(results[0] if len(seeds) == 1 else results))


def _print_model(described: dict[str, Any]) -> None:
    console = Console()
    signal = described["signal"]
    seconds = signal["samples"] / signal["sample_rate"]
    console.print(
        f"signal: {signal['channels']} channel(s) x {signal['samples']} samples "
        f"at {signal['sample_rate']:g} Hz ({seconds:.3g} s)",
        highlight=False,
    )
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("branch")
    for heading in ("view", "tokens x width", "vector", "parameters", "multiply-adds"):
        table.add_column(heading, justify="right")
    for branch in described["branches"]:
        table.add_row(
            branch["name"],
            " x ".join(map(str, branch["view_shape"])),
            f"{branch['num_tokens']} x {branch['token_dim']}",
            str(branch["embed_dim"]),
            f"{branch['parameters']:,}",
            f"{branch['mult_adds']:,}",
        )
    fuser = described["fuser"]
    table.add_row(f"fuser {fuser['name']}", "", "", "", f"{fuser['parameters']:,}", f"{fuser['mult_adds']:,}")
    console.print(table)
    counts = described["parameters"]
    console.print(
        f"{counts['trainable']:,} trainable parameters, {counts['total']:,} with BatchNorm statistics; "
        f"stages: {', '.join(fuser['stages'])}",
        highlight=False,
    )


def _print_results(summary: dict[str, Any], folder: Path) -> None:
    console = Console()
    scores: dict[str, dict[str, Any]] = summary["metrics"]
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("by recording")
    for split in scores:
        table.add_column(split, justify="right")
    if len(summary["classes"]) == 2:
        table.add_row("finding", *[escape(summary["classes"][1])] * len(scores))
    table.add_row("recordings", *(str(part["records"]) for part in scores.values()))
    for name in METRICS:
        table.add_row(name.replace("_", " "), *(_figure(part, name) for part in scores.values()))
    for label in summary["classes"]:
        table.add_row(escape(f"F1 {label}"), *(_number(part["f1"][label]) for part in scores.values()))
    console.print()
    console.print(table)
    shown = "test" if "test" in scores else next(iter(scores))
    console.print()
    console.print(_confusion(scores[shown], shown))
    folds = scores[shown].get("folds", {})
    if folds:
        console.print(f"mean ± SD over {len(folds)} folds; each fold by itself, and all in one table:", highlight=False)
        folds = {**folds, "all": scores[shown]["pooled"]} if "pooled" in scores[shown] else folds
    for fold, part in folds.items():
        figures = "  ".join(f"{name} {_number(part[name])}" for name in METRICS)
        console.print(escape(f"fold {fold} ({part['records']} recordings): {figures}"), highlight=False)
    for caution in summary["cautions"]:
        console.print(f"[yellow]{escape(caution)}[/yellow]", highlight=False)
    console.print(f"{summary['epochs']} epochs, {summary['seconds']:.0f} s; run folder:", highlight=False)
    click.echo(str(folder))


def _confusion(scores: dict[str, Any], split: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column(f"{split}: true \\ predicted")
    for label in scores["classes"]:
        table.add_column(escape(label), justify="right")
    for label, row in zip(scores["classes"], scores["confusion"], strict=True):
        table.add_row(escape(label), *map(str, row))
    return table


def _figure(part: dict[str, Any], name: str) -> str:
    spread = f" ± {_number(part['sd'][name])}" if "sd" in part else ""
    return f"{_number(part[name])}{spread}"


def _number(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.3f}"
