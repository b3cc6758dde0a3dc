"""Rows of a transfer: a trained model on other data, as it is and after fine-tuning, at several thresholds."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd

from fusionkit.errors import UsageError
from fusionkit.evaluation.metrics import score_table
from fusionkit.evaluation.predictions import read_predictions
from fusionkit.registry import Registry
from fusionkit.reproduce.execute import is_complete
from fusionkit.reproduce.plan import ZERO_SHOT, Plan, PlannedRun
from fusionkit.reproduce.tables import Row, scores_row
from fusionkit.run.evaluate import evaluate
from fusionkit.run.evaluation_request import EvaluationRequest
from fusionkit.run.foreign_data import model_windows
from fusionkit.run.reporter import Reporter
from fusionkit.run.saved_model import load_model

THRESHOLDS: Mapping[str, float] = MappingProxyType({"p >= 0.5": 0.5, "p > 0.549": 0.549, "sigmoid(p) > 0.549": 0.19663})
"""The usual threshold, and the two readings of that of the authors' code; sigmoid(p) > 0.549 is p > ln(0.549/0.451)."""


def transfer_rows(plan: Plan, registry: Registry, reporter: Reporter) -> list[Row]:
    """Return the rows of every model: before and after fine-tuning, on the same test part, at every threshold."""
    tuned = [run for run in plan.runs if run.base is not None and is_complete(run)]
    rows = []
    for model in dict.fromkeys(run.model for run in tuned):
        runs = [run for run in tuned if run.model == model]
        found = {
            "zero-shot": [_zero_shot(plan, run, run.base, registry, reporter) for run in runs if run.base],
            "fine-tuned": [_test_part(run.folder) for run in runs],
        }
        for what, tables in found.items():
            for name, threshold in THRESHOLDS.items():
                scores = [_scores(run, table, threshold) for run, table in zip(runs, tables, strict=True)]
                rows.append(scores_row(plan, model, f"{what}, {name}", scores))
    return rows


def _zero_shot(plan: Plan, tuned: PlannedRun, base: Path, registry: Registry, reporter: Reporter) -> pd.DataFrame:
    """Return the predictions of a model that was not fine-tuned, on the test part of the fine-tuned one."""
    out = plan.out / f"{tuned.model}{ZERO_SHOT}" / tuned.folder.name
    if out.exists():
        if not (out / "config.toml").is_file():
            raise UsageError(f"{out} is no run folder; name another folder with --out")
        shutil.rmtree(out)
    saved, config = load_model(base, registry), tuned.config
    request = EvaluationRequest(
        data=model_windows(saved, config.data.spec, {}),
        dataset_options=config.dataset_options,
        split=config.split,
        seed=config.seed,
        evaluation=config.evaluation,
        device=config.training.device,
    )
    reporter.note(f"zero-shot: {out.parent.name}/{out.name}")
    return _test_part(evaluate(base, saved, request, registry, out=out, reporter=reporter).folder)


def _test_part(folder: Path) -> pd.DataFrame:
    table = read_predictions(folder / "predictions.csv")
    return table[table["split"] == "test"]


def _scores(run: PlannedRun, table: pd.DataFrame, threshold: float) -> dict[str, Any]:
    return score_table(table, dataclasses.replace(run.config.evaluation, intervals=0, threshold=threshold))
