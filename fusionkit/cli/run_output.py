"""What ``fusionkit run`` prints."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from fusionkit.cli.assistant import assist_quietly
from fusionkit.cli.results_output import print_results
from fusionkit.cli.stop_signals import StopSignals
from fusionkit.cli.terminal import TerminalReporter
from fusionkit.config.run_config import RunConfig
from fusionkit.errors import StoppedError
from fusionkit.interfaces import SignalSpec
from fusionkit.registry import Registry
from fusionkit.run.negotiate import negotiate, negotiate_stated
from fusionkit.run.result import RunResult
from fusionkit.run.run import read_config, resume, run
from fusionkit.run.run_folder import CONFIG, check_place
from fusionkit.training import memory
from fusionkit.training.checkpoint_every import CheckpointEvery
from fusionkit.training.safekeeping import Safekeeping
from fusionkit.training.team import Team, join_team


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
    count = len(config.data.classes or "ab") if classes is None else classes
    with TerminalReporter() as reporter:
        described = negotiate_stated(config, registry, SignalSpec(*signal), count, reporter)
    if as_json:
        click.echo(json.dumps(described))
    else:
        _print_model(described)


def run_output(
    config: RunConfig, registry: Registry, seeds: list[int], out: Path | None, every: CheckpointEvery, as_json: bool
) -> None:
    """Run once a seed and print the results; with ``--json`` one object, or a list of them for several seeds.

    Under ``torchrun`` this process trains with others, and process 0 alone writes and prints.
    """
    with join_team() as team:
        if team.leads:
            _lead(config, registry, seeds, out, every, as_json, team)
        else:
            for _ in seeds:
                assist_quietly(registry, every, team)


def _lead(
    config: RunConfig,
    registry: Registry,
    seeds: list[int],
    out: Path | None,
    every: CheckpointEvery,
    as_json: bool,
    team: Team,
) -> None:
    places = [out / f"seed{seed}" if out and len(seeds) > 1 else out for seed in seeds]
    for place in places:
        if place:
            check_place(place)
    results: list[dict[str, Any]] = []
    try:
        memory.keep_freed_memory()
        for number, (seed, place) in enumerate(zip(seeds, places, strict=True), start=1):
            one = dataclasses.replace(config, seed=seed)
            try:
                with StopSignals() as signals, TerminalReporter() as reporter:
                    keep = Safekeeping(every=every, interrupt=signals)
                    result = run(one, registry, out=place, reporter=reporter, keep=keep, team=team)
            except StoppedError as stop:
                left = ", ".join(map(str, seeds[number:]))
                raise StoppedError(f"{stop.message}{f' (seeds not begun: {left})' if left else ''}") from stop
            results.append(_as_dict(result))
            if not as_json:
                _print(result)
    finally:
        # What earlier seeds gave is told even when a later one fails.
        if as_json and results:
            click.echo(json.dumps(results[0] if len(seeds) == 1 else results))


def resume_output(
    path: Path,
    registry: Registry,
    device: str | None,
    every: CheckpointEvery,
    *,
    allow_different_env: bool,
    as_json: bool,
) -> None:
    """Go on with a run and print its results."""
    with join_team() as team:
        if not team.leads:
            assist_quietly(registry, every, team)
            return
        config = None
        if device is not None and (path / CONFIG).is_file():
            saved = read_config(path / CONFIG, registry)
            config = dataclasses.replace(saved, training=dataclasses.replace(saved.training, device=device))
        memory.keep_freed_memory()
        with StopSignals() as signals, TerminalReporter() as reporter:
            keep = Safekeeping(every=every, interrupt=signals)
            result = resume(
                path,
                registry,
                config=config,
                allow_different_env=allow_different_env,
                reporter=reporter,
                keep=keep,
                team=team,
            )
    if as_json:
        click.echo(json.dumps(_as_dict(result)))
    else:
        _print(result)


def _as_dict(result: RunResult) -> dict[str, Any]:
    keys = ("metrics", "branches", "epochs", "seconds", "parameters", "cautions", "leaky", "leaks", "split_sha256")
    floor = result.summary["audit"]["floor"]
    return {"run": str(result.folder), **{key: result.summary[key] for key in keys}, "floor": floor}


def _print(result: RunResult) -> None:
    _print_model(result.summary["model"])
    print_results(result.summary, result.folder)


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
