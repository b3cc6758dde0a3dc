"""What ``fusionkit run`` prints."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from fusionkit.cli.results_output import print_results
from fusionkit.cli.terminal import TerminalReporter
from fusionkit.config.run_config import RunConfig
from fusionkit.interfaces import SignalSpec
from fusionkit.registry import Registry
from fusionkit.run.run import negotiate, negotiate_stated, run
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


def stated_output(
    config: RunConfig,
    registry: Registry,
    seed: int,
    signal: tuple[int, int, float],
    classes: int | None,
    as_json: bool,
) -> None:
    """Print the negotiation of a model for a stated signal and number of classes, without data."""
    config = dataclasses.replace(config, seed=seed)
    described = negotiate_stated(config, registry, SignalSpec(*signal), classes or len(config.data.classes or "ab"))
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
            keys = ("metrics", "epochs", "seconds", "parameters", "cautions", "leaky", "leaks", "split_sha256")
            floor = summary["audit"]["floor"]
            results.append({"run": str(result.folder), **{key: summary[key] for key in keys}, "floor": floor})
            if not as_json:
                _print_model(summary["model"])
                print_results(summary, result.folder)
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
