"""Which runs a table needs, and where they lie."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from fusionkit.config.layers import Tables, overlay
from fusionkit.config.presets import preset_tables
from fusionkit.config.resolve import Overrides, resolve
from fusionkit.config.run_config import RunConfig
from fusionkit.config.toml import from_tables
from fusionkit.data.protocols import PROTOCOLS
from fusionkit.data.spec import parse_spec
from fusionkit.errors import PluginError, UsageError, did_you_mean
from fusionkit.options import plain_name
from fusionkit.registry import Registry
from fusionkit.reproduce.targets import ADAPTER_OPTIONS, PAPER_ADAPTER_OPTIONS, PAPER_SPLITS, SPLITS, TUNING, Target

QUICK_EPOCHS = 2
FINE_TUNED, ZERO_SHOT = "-fine-tuned", "-zero-shot"
_FOLDED = ("k-fold", "leave-one-database-out", "leave-one-subject-out")


@dataclass(frozen=True, kw_only=True)
class TableRequest:
    """What a user asks of a table.

    Parameters
    ----------
    target : Target
        The table.
    spec, second : str
        The data, and for a transfer those of the other data set.
    variant : 'published' or 'paper'
        The presets as the authors' code or as the text has them.
    models : tuple of str, optional
        Some models of the table; None: all.
    seeds : tuple of int, optional
        None: as many as the recipe asks for, from 0 on.
    split, second_split : str, optional
        None: the published ones.
    validation : 'own' or 'test', optional
        Where epochs are chosen; None: as the preset says, but 'own' for a split that is not the usual one.
    allow_leak : bool
        Whether any split may leak; a published one may that was not named, and the tables then say so.
    quick : bool
        One seed and two epochs a stage, to see that everything works.
    training : mapping
        ``epochs`` and ``batch_size`` (of every stage), ``device``, ``precision``.
    overrides : mapping
        Options by component; they reach the models that have it.
    out : Path, optional
        The folder of runs and tables.
    """

    target: Target
    spec: str
    second: str | None = None
    variant: Literal["published", "paper"] = "published"
    models: tuple[str, ...] | None = None
    seeds: tuple[int, ...] | None = None
    split: str | None = None
    second_split: str | None = None
    validation: Literal["own", "test"] | None = None
    allow_leak: bool = False
    quick: bool = False
    training: Mapping[str, Any] = field(default_factory=dict)
    overrides: Overrides = field(default_factory=dict)
    out: Path | None = None


@dataclass(frozen=True)
class PlannedRun:
    """One run of a table.

    Parameters
    ----------
    model : str
        Its row.
    config : RunConfig
        What is run.
    recipe : RunConfig
        What the preset says of the same data.
    folder : Path
        Where it lies.
    base : Path, optional
        The run that it fine-tunes.
    """

    model: str
    config: RunConfig
    recipe: RunConfig
    folder: Path
    base: Path | None = None

    @property
    def label(self) -> str:
        """Folder of the model and seed, as in ``audiofuse/seed0``."""
        return "/".join(self.folder.parts[-2:])


@dataclass(frozen=True)
class Plan:
    """All runs of a table, seed by seed, so that every row soon has a figure.

    Parameters
    ----------
    request : TableRequest
        What was asked for.
    setting : str
        The data of the paper that the figures are compared with.
    repeats : int
        Runs a model that the recipe asks for.
    seeds : tuple of int
        Runs a model that are made.
    runs : tuple of PlannedRun
        A run that is fine-tuned stands before those that start from it.
    out : Path
        The folder of runs and tables.
    absent : tuple of str
        Models whose plugin is not installed.
    """

    request: TableRequest
    setting: str
    repeats: int
    seeds: tuple[int, ...]
    runs: tuple[PlannedRun, ...]
    out: Path
    absent: tuple[str, ...] = ()


def plan(request: TableRequest, registry: Registry) -> Plan:
    """Return the runs of a table.

    Raises
    ------
    UsageError
        If models, presets, splits or overrides are unknown, or data are missing.
    PluginError
        If a model was asked for whose plugin is not installed.
    """
    target, adapter = request.target, parse_spec(request.spec)[0]
    if (target.kind == "transfer") != (request.second is not None):
        needed = "needs --data2, the data to transfer to" if request.second is None else "takes no --data2"
        raise UsageError(f"table {target.name!r} {needed}, for example pascal:PATH")
    setting = target.setting(adapter, request.overrides.get(adapter, {}))
    models = request.models or tuple(target.models)
    for model in models:
        if model not in target.models:
            raise UsageError(f"table {target.name!r} has no model {model!r}; {did_you_mean(model, target.models)}")
    installed = {component.name for component in registry.all("preset")}
    absent = tuple(model for model in models if model in target.plugins and plain_name(model) not in installed)
    if absent and request.models:
        raise PluginError(
            f"model {absent[0]!r} needs the plugin {target.plugins[absent[0]]}; install it and what it asks for",
            registry.unavailable,
        )
    presets = {
        model: _preset(request, registry, target.preset(model, setting)) for model in models if model not in absent
    }
    repeats = max(repeats for _, repeats in presets.values())
    seeds = request.seeds or ((0,) if request.quick else tuple(range(repeats)))
    usual = next(iter(presets.values()))[0].get("split", {}).get("split")
    first = _split("ptb" if setting == "ptb" else adapter, request.split, request, usual)
    out = request.out or _default_folder(request, adapter, first)
    runs: list[PlannedRun] = []
    for seed in seeds:
        for model, (tables, _) in presets.items():
            run = _run(request, registry, tables, request.spec, first, seed)
            runs.append(PlannedRun(model, *run, out / model / f"seed{seed}"))
            if request.second is None:
                continue
            _check_single(run[0].split.split)
            start = {"init": str(runs[-1].folder), "learn": list(target.models[model])}
            tuning = overlay(tables, {"training": start, "split": _usual_split("pascal", request)})
            tuning["training"] |= TUNING[request.variant]
            second = _split(parse_spec(request.second)[0], request.second_split, request, tuning["split"]["split"])
            tuned = _run(request, registry, tuning, request.second, second, seed)
            runs.append(PlannedRun(model, *tuned, out / f"{model}{FINE_TUNED}" / f"seed{seed}", runs[-1].folder))
    _check_overrides(request.overrides, [run.config for run in runs])
    return Plan(request, setting, repeats, seeds, tuple(runs), out, absent)


def _preset(request: TableRequest, registry: Registry, name: str) -> tuple[Tables, int]:
    tables = preset_tables(registry, f"{name}@published" if request.variant == "published" else name)
    return tables, int(tables.pop("repeats", 1))


def _usual_split(place: str, request: TableRequest) -> Mapping[str, Any]:
    """Return the split of the figures or of the text; empty where that of the preset is taken."""
    if request.variant == "paper" and place in PAPER_SPLITS:
        return PAPER_SPLITS[place]
    return SPLITS.get(place, {})


def _split(place: str, asked: str | None, request: TableRequest, preset: str | None) -> Tables:
    """Return the settings of the split: the one that was named, else the usual one, else that of the preset."""
    usual = _usual_split(place, request)
    settings: Tables = dict(usual)
    if asked is not None and asked != usual.get("split", preset):
        settings = {"split": asked, "validation": "own"}
    settings |= {"validation": request.validation} if request.validation else {}
    published = asked is None and usual is SPLITS.get(place)
    return settings | {"allow_leak": request.allow_leak or published}


def _run(
    request: TableRequest, registry: Registry, tables: Mapping[str, Any], spec: str, split: Mapping[str, Any], seed: int
) -> tuple[RunConfig, RunConfig]:
    """Return the configuration of a run and that of its recipe."""
    adapter = parse_spec(spec)[0]
    known = PAPER_ADAPTER_OPTIONS if request.variant == "paper" else ADAPTER_OPTIONS
    recipe = overlay(tables, {"data": {"spec": spec, "options": dict(known.get(adapter, {}))}})
    wanted = overlay(recipe, {"split": split})
    training = ({"epochs": QUICK_EPOCHS} if request.quick else {}) | dict(request.training)
    wanted["training"] = wanted.get("training", {}) | training
    for stage in wanted.get("stages", {}).values():
        stage |= {name: value for name, value in training.items() if name in stage}
    source = f"preset {tables.get('name', '')!r}"
    config = from_tables(wanted, source)
    present = _components(config)
    overrides = {name: values for name, values in request.overrides.items() if name in present}
    return (
        dataclasses.replace(resolve(config, registry, overrides), seed=seed),
        dataclasses.replace(resolve(from_tables(recipe, source), registry), seed=seed),
    )


def _components(config: RunConfig) -> set[str]:
    """Return the names by which an override reaches something in a run."""
    names = {config.fuser.name, parse_spec(config.data.spec)[0]}
    names |= {step.name for step in (*config.preprocessors, *config.augmentations)}
    for number, branch in enumerate(config.branches, start=1):
        for name in (branch.representation, branch.encoder):
            names |= {name, f"{number}:{name}"}
    return names


def _check_overrides(overrides: Overrides, configs: list[RunConfig]) -> None:
    present = {name for config in configs for name in _components(config)}
    for name, values in overrides.items():
        if name not in present:
            raise UsageError(
                f"-o {name}.{next(iter(values))}: no run of this table has a component {name!r}; "
                f"{did_you_mean(name, present)}"
            )


def _check_single(split: str) -> None:
    kind = PROTOCOLS[split].split if split in PROTOCOLS else split
    if kind in _FOLDED:
        raise UsageError(f"--split {split} gives a model a fold, and fine-tuning starts from one; use another split")


def _default_folder(request: TableRequest, adapter: str, split: Mapping[str, Any]) -> Path:
    name = Path(str(split.get("split", ""))).stem
    marks = ("quick" if request.quick else "", "paper" if request.variant == "paper" else "")
    parts = (request.target.paper, "" if name.startswith(adapter) else adapter, name, *marks)
    return Path("runs") / "-".join(part for part in parts if part)
