"""The summary of a run: everything that its metrics.json holds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fusionkit.config.run_config import RunConfig
from fusionkit.data.split_file import split_hash
from fusionkit.evaluation.metrics import METRICS, score_splits
from fusionkit.run.attention import attention_over_runs, attention_table
from fusionkit.run.experiment import Outcome
from fusionkit.run.prepare import Prepared
from fusionkit.run.saved_model import SavedModel


def summarise(
    config: RunConfig, prepared: Prepared, described: dict[str, Any], outcome: Outcome, cautions: Sequence[str]
) -> dict[str, Any]:
    """Return what metrics.json holds of a run.

    Parameters
    ----------
    config : RunConfig
        What was asked for.
    prepared : Prepared
        The data.
    described : dict
        What `describe_model` said of the model.
    outcome : Outcome
        What the folds gave.
    cautions : sequence of str
        What every reader of the figures must know besides what the data say.
    """
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
        "cautions": [*prepared.cautions, *cautions, *outcome.cautions],
        "notes": list(prepared.notes),
        "audit": prepared.audited.to_dict(),
        "metrics": score_splits(outcome.predictions, config.evaluation, multilabel=prepared.task.kind == "multilabel"),
        "last_epochs": _last_epochs(outcome),
        "epochs": len(outcome.history),
        "seconds": round(outcome.seconds, 3),
        "attention": _attention(config, prepared, outcome),
        "branches": outcome.branches,
        "parameters": described["parameters"],
        "model": described,
    }


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
