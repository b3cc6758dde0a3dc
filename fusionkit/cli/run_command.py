"""``fusionkit run``: assemble, train and measure a model."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from fusionkit.cli.seeds import parse_seeds
from fusionkit.cli.settings_flags import option_flag, settings_flags, settings_tables
from fusionkit.errors import StoppedError, UsageError

if TYPE_CHECKING:
    from fusionkit.config.run_config import RunConfig
    from fusionkit.registry import Registry

_WITH_RESUME = frozenset({"resumed", "device", "allow_different_env", "checkpoint_every", "as_json"})


@click.command("run")
@click.option("--repr", "representations", metavar="NAME,...", help="Representations, for example mel,wave.")
@click.option(
    "--encoder", "encoders", metavar="NAME,...", help="Encoders: the i-th reads the i-th representation; one reads all."
)
@click.option("--fuser", metavar="NAME", help="What joins the branches, for example concat, film, late-attention.")
@click.option("--preprocess", metavar="NAME,...", help="Preprocessors of every signal, in order, for example bandpass.")
@click.option("--augment", metavar="NAME,...", help="Augmentations of the training part, in order, for example gain.")
@click.option(
    "--preset", metavar="NAME[@VARIANT]", help="Start from a ready-made configuration, for example audiofuse@published."
)
@click.option(
    "--config", "config_file", type=click.Path(path_type=Path), help="Start from a TOML file; flags override it."
)
@option_flag("Set an option of a component; 2:vit.depth=4 means that of the second branch.")
@click.option("--seed", type=int, help="Seed of split, initial weights, order and dropout [default: 0].")
@click.option("--seeds", metavar="A-B", help="Several runs, for example 0-4 or 0,3,7.")
@click.option("--out", type=click.Path(path_type=Path), help="The run folder [default: runs/<time>-<name>-seed<k>].")
@click.option("--resume", "resumed", type=click.Path(path_type=Path), help="Go on with the run in this folder.")
@click.option(
    "--allow-different-env",
    is_flag=True,
    help="With --resume: go on under other versions, threads or devices, and mark the results.",
)
@click.option(
    "--checkpoint-every",
    metavar="STEPS|TIME",
    help="How often the state of training is saved: 100 (steps), 90s or 5min [default: every epoch and 5min].",
)
@click.option("--signal", metavar="CxN@HZ", help="With --dry-run: the shape of a window instead of data, as 1x187@125.")
@click.option("--dry-run", is_flag=True, help="Show shapes, parameters and multiply-adds, and stop.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout and nothing else.")
@settings_flags
@click.pass_context
def run_command(
    context: click.Context,
    /,
    representations: str | None,
    encoders: str | None,
    fuser: str | None,
    preprocess: str | None,
    augment: str | None,
    preset: str | None,
    config_file: Path | None,
    overrides: tuple[str, ...],
    seed: int | None,
    seeds: str | None,
    out: Path | None,
    resumed: Path | None,
    allow_different_env: bool,
    checkpoint_every: str | None,
    signal: str | None,
    dry_run: bool,
    as_json: bool,
    **settings: str | None,
) -> None:
    """Assemble, train and measure a model.

    Without --data a simulated set of heart sounds is used, so this works on a fresh machine:

    \b
      fusionkit run --repr mel,wave --encoder vit,cnn1d --fuser concat

    A run that was stopped or killed goes on, to the same result, with:

    \b
      fusionkit run --resume RUN
    """
    if resumed is not None:
        _resume(context, resumed, settings["device"], checkpoint_every, allow_different_env, as_json)
        return
    if allow_different_env:
        raise UsageError("--allow-different-env goes with --resume only")
    if seed is not None and seeds is not None:
        raise UsageError("give --seed or --seeds, not both")
    from fusionkit.config.layers import zip_branches
    from fusionkit.plugins import build_registry

    flags: dict[str, Any] = settings_tables(settings)
    if representations or encoders:
        if not (representations and encoders):
            raise UsageError("give --repr and --encoder together: the i-th encoder reads the i-th representation")
        flags["branches"] = zip_branches(_names(representations), _names(encoders))
    if fuser:
        flags["fuser"] = {"name": fuser}
    for key, names in (("preprocessors", preprocess), ("augmentations", augment)):
        if names is not None:
            flags[key] = [{"name": name} for name in _names(names)]
    registry, _ = build_registry()
    count = None
    if signal and settings["classes"] and settings["classes"].isdecimal():
        count = int(flags["data"].pop("classes")[0])
    config, repeats = _configure(registry, preset, config_file, flags, overrides)
    chosen = parse_seeds(seeds) if seeds else [config.seed if seed is None else seed]
    if repeats > 1 and seed is None and seeds is None:
        chosen = list(range(repeats))

    from fusionkit.cli.run_output import dry_run_output, run_output, stated_output
    from fusionkit.training.checkpoint_every import parse_checkpoint_every

    every = parse_checkpoint_every(checkpoint_every)

    if signal:
        if not dry_run:
            raise UsageError("--signal states a shape in place of data: add --dry-run")
        stated_output(config, registry, chosen[0], _signal(signal), count, as_json)
    elif dry_run:
        dry_run_output(config, registry, chosen[0], out, as_json)
    else:
        run_output(config, registry, chosen, out, every, as_json)


def _resume(
    context: click.Context,
    path: Path,
    device: str | None,
    checkpoint_every: str | None,
    allow_different_env: bool,
    as_json: bool,
) -> None:
    """Go on with a run; everything that could change its result is refused."""
    given = [name for name in context.params if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    unknown = [option for option in context.command.params if option.name in set(given) - _WITH_RESUME]
    if unknown:
        raise UsageError(f"--resume takes all settings from the run folder; leave out {unknown[0].opts[-1]}")

    from fusionkit.cli.stop_signals import StopSignals

    try:
        with StopSignals() as signals, signals.deferred():  # imports take seconds, and none is left half done
            from fusionkit.cli.run_output import resume_output
            from fusionkit.plugins import build_registry
            from fusionkit.training.checkpoint_every import parse_checkpoint_every

            every = parse_checkpoint_every(checkpoint_every)
            registry, _ = build_registry()
    except KeyboardInterrupt:
        from fusionkit.run.failures import resume_command
        from fusionkit.training.team import stated_team

        team = stated_team()
        if not team.leads:  # process 0 alone tells
            context.exit(StoppedError.exit_code)
        raise StoppedError(f"stopped; go on with: {resume_command(path, team)}") from None
    resume_output(path, registry, device, every, allow_different_env=allow_different_env, as_json=as_json)


def _configure(
    registry: Registry, preset: str | None, file: Path | None, flags: dict[str, Any], overrides: tuple[str, ...]
) -> tuple[RunConfig, int]:
    """Lay the flags over the file, and the file over the preset; return how many runs the preset asks for, too."""
    from fusionkit.config.layers import overlay, without_in_stages
    from fusionkit.config.presets import preset_tables
    from fusionkit.config.resolve import parse_overrides, resolve
    from fusionkit.config.toml import from_tables, read_tables

    tables = preset_tables(registry, preset) if preset else {}
    repeats = int(tables.pop("repeats", 1))
    source = f"preset {preset!r}" if preset else "configuration"
    if file:
        above = read_tables(file)
        without_in_stages(tables, above.get("training", {}))
        tables, source = overlay(tables, above), str(file)
    tables = overlay(tables, flags)
    without_in_stages(tables, flags.get("training", {}))
    return resolve(from_tables(tables, source), registry, parse_overrides(overrides)), repeats


def _signal(text: str) -> tuple[int, int, float]:
    found = re.fullmatch(r"(\d+)x(\d+)@(\d+(?:\.\d+)?)", text)
    if not found or not all(float(part) > 0 for part in found.groups()):
        raise UsageError(f"--signal {text!r}; expected CHANNELSxSAMPLES@HZ, for example 1x187@125")
    return int(found[1]), int(found[2]), float(found[3])


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
