"""A trained model on data that it was not trained on, as it is: zero-shot."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fusionkit.config.toml import dump
from fusionkit.data.audit.audit import NO_SUBJECT
from fusionkit.data.load import load_manifest
from fusionkit.data.spec import parse_spec
from fusionkit.data.split_file import split_hash
from fusionkit.data.view_cache import ViewCache
from fusionkit.errors import DataError
from fusionkit.evaluation.metrics import METRICS, score_splits
from fusionkit.evaluation.predictions import predictions_table
from fusionkit.model.counting import total_parameters, trainable_parameters
from fusionkit.registry import Registry
from fusionkit.run.audited_data import listed
from fusionkit.run.evaluation_request import EvaluationRequest
from fusionkit.run.fold import Views, predict_views
from fusionkit.run.foreign_data import prepare_foreign
from fusionkit.run.prepare import Prepared
from fusionkit.run.reporter import Reporter, SilentReporter
from fusionkit.run.result import RunResult
from fusionkit.run.run_folder import RunFolder, check_place
from fusionkit.run.saved_model import SavedModel
from fusionkit.run.seen_records import leaky_column, run_folder_of, seen_records
from fusionkit.run.views import compute_views
from fusionkit.training.devices import check_precision, choose_device


def evaluate(
    run: Path,
    saved: SavedModel,
    request: EvaluationRequest,
    registry: Registry,
    *,
    out: Path | None = None,
    reporter: Reporter | None = None,
) -> RunResult:
    """Score a trained model on recordings, without training, and leave a folder.

    Parameters
    ----------
    run : Path
        The run folder or checkpoint that the model was loaded from.
    saved : SavedModel
        What `load_model` made of it.
    request : EvaluationRequest
        What is scored.
    registry : Registry
        The installed components.
    out : Path, optional
        The folder; by default a new one beside the run.
    reporter : Reporter, optional
        Is told how it goes on.

    Returns
    -------
    RunResult
        The folder, with predictions.csv, metrics.csv, metrics.json and config.toml, and a summary with the keys of a
        run. What was scored is called ``test``: all of it is new to the model.

    Raises
    ------
    UsageError, DataError
        If the data do not suit the model, or it was trained on some of them.
    """
    start = time.perf_counter()
    reporter = reporter or SilentReporter()
    adapter = registry.get("dataset", parse_spec(request.data.spec)[0])
    name = adapter.name if ":" in request.data.spec else Path(request.data.spec).stem
    home = run_folder_of(run)
    out = out or home.with_name(f"{home.name}-evaluated-{name}")
    check_place(out)
    device = choose_device(request.device)
    check_precision(request.precision, device)
    manifest = load_manifest(request.data, registry, request.dataset_options)
    prepared = prepare_foreign(manifest, saved, request, reporter)
    config = dataclasses.replace(
        saved.config,
        data=request.data,
        split=request.split or saved.config.split,
        dataset_options={key: spec.default for key, spec in adapter.options.items()} | dict(request.dataset_options),
        evaluation=request.evaluation,
        seed=request.seed,
    )
    seen = seen_records(run, saved, config, set(prepared.windows["record"]))
    leaks = seen.records
    if leaks and not request.allow_leak:
        raise DataError(
            f"leak: the model was trained on {len(leaks)} of these recordings; {seen.advice}, or go on with "
            "--allow-leak, which stamps LEAKY on every table",
            listed(leaks),
        )
    views = compute_views(saved.model, config.branches, registry, prepared, ViewCache(warn=reporter.note), reporter)[1]
    saved.model.to(device)
    predictions = _predictions(saved, prepared, views, request.precision)
    summary: dict[str, Any] = {
        "title": config.title,
        "model": str(run),
        "data": name,
        "seed": request.seed,
        "precision": request.precision,
        "split": "all recordings" if request.split is None else f"{request.part} of {request.split.split}",
        "split_sha256": split_hash(prepared.folds),
        "label_map": dict(request.label_map),
        "record_wise": prepared.record_wise,
        "leaky": bool(leaks),
        "leaks": list(leaks),
        "classes": list(saved.task.classes),
        "cautions": [*prepared.cautions, *seen.cautions],
        "notes": list(prepared.notes),
        "audit": _audit(prepared),
        "metrics": score_splits(predictions, request.evaluation, multilabel=saved.task.kind == "multilabel"),
        "epochs": 0,
        "seconds": round(time.perf_counter() - start, 3),
        "parameters": {"trainable": trainable_parameters(saved.model), "total": total_parameters(saved.model)},
    }
    stamp = leaky_column(leaks, seen.cautions)
    folder = RunFolder.new(out)
    folder.write_text("config.toml", dump(config))
    folder.write_csv("predictions.csv", predictions.assign(**stamp))
    folder.write_csv("metrics.csv", _figures(summary["metrics"]["test"]).assign(**stamp))
    folder.write_json("metrics.json", summary)
    return RunResult(folder.path, summary)


def _predictions(saved: SavedModel, prepared: Prepared, views: Views, precision: str) -> pd.DataFrame:
    """Return the predictions of every window, under the name of every fold that scores it."""
    windows, batch_size = prepared.windows, saved.config.training.batch_size
    chances = predict_views(saved.model, saved.task, views, np.arange(len(windows)), batch_size, precision)
    tables = []
    for fold, scored in prepared.folds.groupby("fold", sort=False):
        chosen = windows["record"].isin(scored["record"]).to_numpy()
        test = pd.Series("test", index=windows.index[chosen])
        tables.append(
            predictions_table(windows[chosen], chances[chosen], saved.task.classes, fold=str(fold), split=test)
        )
    return pd.concat(tables, ignore_index=True)


def _audit(prepared: Prepared) -> dict[str, Any]:
    """Return what the audit found, without what only matters where some of these recordings were learnt from."""
    found = prepared.audited.to_dict()
    warnings = [line for line in found["warnings"] if prepared.record_wise or line != NO_SUBJECT]
    return found | {"floor": [], "warnings": warnings, "record_wise": prepared.record_wise}


def _figures(scores: dict[str, Any]) -> pd.DataFrame:
    """Return a row a metric, with the bounds of its interval; folds count as one table."""
    scores = scores.get("pooled", scores)
    rows = [(name, scores[name], *scores.get("interval", {}).get(name, (None, None))) for name in METRICS]
    return pd.DataFrame(rows, columns=["metric", "value", "low", "high"])
