"""A whole run: from a configuration to a run folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fusionkit.config.run_config import RunConfig
from fusionkit.config.toml import dump
from fusionkit.data.load import load_manifest
from fusionkit.data.recordings import FileRecordings
from fusionkit.data.spec import parse_spec
from fusionkit.data.split_file import split_hash, write_split_file
from fusionkit.data.view_cache import ViewCache
from fusionkit.evaluation.metrics import METRICS, score_splits
from fusionkit.interfaces import SignalSpec
from fusionkit.model.assemble import assemble, check_combination
from fusionkit.model.fusion_model import FusionModel
from fusionkit.model.seeding import own_randomness
from fusionkit.registry import Kind, Registry
from fusionkit.report.html_report import html_report
from fusionkit.run.attention import attention_over_runs, attention_table
from fusionkit.run.describe import describe_model
from fusionkit.run.environment import environment
from fusionkit.run.experiment import Outcome, build_model, run_folds
from fusionkit.run.fold import make_plan
from fusionkit.run.initial_leaks import with_leaks_of_init
from fusionkit.run.prepare import Prepared, prepare
from fusionkit.run.reporter import Reporter, SilentReporter
from fusionkit.run.run_folder import RunFolder, check_place, fold_folder
from fusionkit.run.saved_model import SavedModel, save_model
from fusionkit.run.task import make_task
from fusionkit.run.views import compute_views
from fusionkit.training.devices import choose_device


@dataclass(frozen=True)
class RunResult:
    """What a run gave: its folder, and the summary that stands in its metrics.json."""

    folder: Path
    summary: dict[str, Any]


def load(config: RunConfig, registry: Registry, reporter: Reporter) -> Prepared:
    """Check the combination and the device, and prepare the data that the configuration names."""
    check_combination(registry, config.branches, config.fuser)
    choose_device(config.training.device)
    manifest = load_manifest(config.data, registry, config.dataset_options)
    prepared = prepare(config, registry, FileRecordings(manifest), reporter)
    return prepared if config.training.init is None else with_leaks_of_init(config, registry, prepared)


def negotiate(config: RunConfig, registry: Registry, reporter: Reporter | None = None) -> dict[str, Any]:
    """Return what `describe_model` says of the model of a configuration on its data, without training it."""
    prepared = load(config, registry, reporter or SilentReporter())
    model = build_model(config, registry, prepared)
    make_plan(config, model)
    return describe_model(model, config.branches, config.fuser.name, config.training.schedule)


def negotiate_stated(config: RunConfig, registry: Registry, signal: SignalSpec, classes: int) -> dict[str, Any]:
    """Return what `describe_model` says of the model of a configuration for a signal that is stated, not read.

    Parameters
    ----------
    config : RunConfig
        Its data are not looked at.
    registry : Registry
        The installed components.
    signal : SignalSpec
        Shape of a window.
    classes : int
        Number of classes, two or more.
    """
    task = make_task(tuple(map(str, range(classes))), binary_outputs=config.training.binary_outputs)
    schedule = config.training.schedule
    with own_randomness(config.seed):
        model = assemble(registry, signal, config.branches, config.fuser, task.num_outputs, schedule=schedule)
    return describe_model(model, config.branches, config.fuser.name, schedule)


def run(
    config: RunConfig, registry: Registry, *, out: Path | None = None, reporter: Reporter | None = None
) -> RunResult:
    """Train and measure the model of a configuration and leave a run folder.

    Parameters
    ----------
    config : RunConfig
        A configuration that `resolve` has checked.
    registry : Registry
        The installed components.
    out : Path, optional
        The run folder; by default a new one in ``runs``.
    reporter : Reporter, optional
        Is told how the run goes on.

    Raises
    ------
    FusionkitError
        If data, components or the folder cannot be used; nothing has been trained then.
    """
    reporter = reporter or SilentReporter()
    if out:
        check_place(out)
    prepared = load(config, registry, reporter)
    model = build_model(config, registry, prepared)
    make_plan(config, model)  # stages and parts that there are none of are told before views are computed
    described = describe_model(model, config.branches, config.fuser.name, config.training.schedule)
    folder = RunFolder(out) if out else RunFolder.named(Path("runs"), config.title, config.seed)
    folder.write_text("config.toml", dump(config))
    folder.write_text("split.csv", write_split_file(prepared.folds, prepared.records))
    folder.write_json("environment.json", environment() | {"components": _providers(config, registry)})
    cache = ViewCache(warn=reporter.note)
    signals, views = compute_views(model, config.branches, registry, prepared, cache, reporter)

    def save(fold: str, name: str, trained: FusionModel) -> None:
        place = folder.path / "checkpoints" / (fold_folder(fold) if len(prepared.fold_names) > 1 else "") / name
        save_model(place, trained, prepared.task, config)

    outcome = run_folds(config, registry, prepared, signals, views, reporter, save)
    summary = _summary(config, prepared, described, outcome)
    stamp = {"leaky": True} if prepared.leaks else {}
    folder.write_csv("predictions.csv", outcome.predictions.assign(**stamp))
    folder.write_csv("history.csv", outcome.history.assign(**stamp))
    folder.write_json("metrics.json", summary)
    folder.write_text("report.html", html_report(folder.path))
    return RunResult(folder.path, summary)


def _providers(config: RunConfig, registry: Registry) -> dict[str, str]:
    """Return who provides each component of the run, with the version."""
    names: list[tuple[Kind, str]] = [("dataset", parse_spec(config.data.spec)[0]), ("fuser", config.fuser.name)]
    for branch in config.branches:
        names += [("representation", branch.representation), ("encoder", branch.encoder)]
    names += [("preprocessor", step.name) for step in config.preprocessors]
    names += [("augmentation", step.name) for step in config.augmentations]
    return {f"{kind} {name}": str(registry.get(kind, name).provider) for kind, name in names}


def _attention(config: RunConfig, prepared: Prepared, outcome: Outcome) -> list[dict[str, Any]]:
    """Return what the fuser attends to, a row a class and branch with the median over folds; [] where it does not."""
    tables = {}
    for fold, model in outcome.models.items():
        table = attention_table(SavedModel(model, prepared.task, config, prepared.reader.preprocessing))
        if table is not None:
            tables[fold] = table
    if not tables:
        return []
    columns = ["class", "branch", "runs", "median", "deviation"]
    return [{str(k): v for k, v in row.items()} for row in attention_over_runs(tables)[columns].to_dict("records")]


def _last_epochs(outcome: Outcome) -> dict[str, Any]:
    """Return mean and population SD of the figures of the test part over the last epochs; {} where not asked for."""
    rows = outcome.last_epochs
    if rows.empty:
        return {}
    figures = rows[[name for name in METRICS if rows[name].notna().all()]].astype(float)
    return {
        "epochs": len(rows),
        "mean": {str(name): float(value) for name, value in figures.mean().items()},
        "sd": {str(name): float(value) for name, value in figures.std(ddof=0).items()},
    }


def _summary(config: RunConfig, prepared: Prepared, described: dict[str, Any], outcome: Outcome) -> dict[str, Any]:
    return {
        "title": config.title,
        "data": config.data.spec.partition(":")[0] if ":" in config.data.spec else Path(config.data.spec).name,
        "seed": config.seed,
        "split": config.split.split,
        "split_sha256": split_hash(prepared.folds),
        "record_wise": prepared.record_wise,
        "leaky": bool(prepared.leaks),
        "leaks": list(prepared.leaks),
        "classes": list(prepared.task.classes),
        "cautions": list(prepared.cautions),
        "notes": list(prepared.notes),
        "audit": prepared.audited.to_dict(),
        "metrics": score_splits(outcome.predictions, config.evaluation, multilabel=prepared.task.kind == "multilabel"),
        "last_epochs": _last_epochs(outcome),
        "epochs": len(outcome.history),
        "seconds": round(outcome.seconds, 3),
        "attention": _attention(config, prepared, outcome),
        "parameters": described["parameters"],
        "model": described,
    }
