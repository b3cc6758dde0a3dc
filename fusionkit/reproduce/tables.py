"""Own figures beside the published ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fusionkit.errors import DataError
from fusionkit.reproduce.differences import differences
from fusionkit.reproduce.execute import is_complete, summary
from fusionkit.reproduce.plan import Plan
from fusionkit.reproduce.targets import FINDING_F1, Target

QUICK = "QUICK: a smoke run, its figures mean nothing"
LEAKY = "LEAKY"
RECORD_WISE = "record-wise: subject leakage not excluded"


@dataclass(frozen=True)
class Figure:
    """A figure over some runs: its centre, its spread where there are several, and how many there are, if known."""

    value: float
    spread: float | None
    runs: int | None


@dataclass(frozen=True)
class Row:
    """A row of a table.

    Parameters
    ----------
    name : str
        Model, and what is measured of it.
    runs : int
        Own runs.
    published, own : mapping of str to Figure
        By column; own figures that are not defined are absent.
    """

    name: str
    runs: int
    published: Mapping[str, Figure]
    own: Mapping[str, Figure]


@dataclass(frozen=True)
class Comparison:
    """A table that is ready to be written.

    Parameters
    ----------
    name, source : str
        Of the table, and where it was published.
    columns : tuple of str
        The figures.
    rows : tuple of Row
        Published and own figures.
    stamps : tuple of str
        What must stand above every form of the table.
    notes : tuple of str
        What the spread is.
    differences : tuple of str
        What differs from the paper.
    cautions : tuple of str
        What every reader of the results must know of the data.
    decimals : int
        Of own figures.
    """

    name: str
    source: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    stamps: tuple[str, ...]
    notes: tuple[str, ...]
    differences: tuple[str, ...]
    cautions: tuple[str, ...]
    decimals: int

    @property
    def title(self) -> str:
        """Name and source."""
        return f"{self.name}: {self.source}"


def compare(plan: Plan, rows: Sequence[Row]) -> Comparison:
    """Return the table of some rows with all that a reader must know."""
    request, target = plan.request, plan.request.target
    summaries = [summary(run.folder) for run in plan.runs if is_complete(run)]
    stamps = [QUICK] if request.quick else []
    stamps += [LEAKY] if any(found["leaky"] for found in summaries) else []
    stamps += [RECORD_WISE] if any(found["record_wise"] for found in summaries) else []
    cautions = [line for found in summaries for line in found["cautions"] if line not in stamps]
    return Comparison(
        name=target.name,
        source=target.source,
        columns=tuple(target.columns),
        rows=tuple(rows),
        stamps=tuple(stamps),
        notes=(_spread_note(target),),
        differences=tuple(differences(plan)),
        cautions=tuple(dict.fromkeys(cautions)),
        decimals=2 if target.percent else 3 if target.kind == "attention" else 4,
    )


def score_rows(plan: Plan) -> list[Row]:
    """Return a row a model; with several folds two, the pooled test parts and the mean over the folds."""
    rows = []
    for model in dict.fromkeys(run.model for run in plan.runs):
        found = [summary(run.folder)["metrics"] for run in plan.runs if run.model == model and is_complete(run)]
        tests = [scores["test"] for scores in found if "test" in scores]
        if any("pooled" in scores for scores in tests):
            rows.append(scores_row(plan, model, "all folds in one", [scores["pooled"] for scores in tests]))
            rows.append(scores_row(plan, model, "mean over folds", tests))
        else:
            rows.append(scores_row(plan, model, "", tests))
    return rows


def scores_row(plan: Plan, model: str, what: str, tests: Sequence[Mapping[str, Any]]) -> Row:
    """Return the row of a model from the figures of the test part of every run."""
    target = plan.request.target
    own = {
        column: mean([_figure(scores, metric, target) for scores in tests], target.ddof)
        for column, metric in target.columns.items()
    }
    name = f"{model}, {what}" if what else model
    return Row(name, len(tests), published_row(plan, model), {c: figure for c, figure in own.items() if figure})


def published_row(plan: Plan, row: str) -> dict[str, Figure]:
    """Return the published figures of a row; empty where there are none."""
    target = plan.request.target
    published = target.published[plan.setting].get(row, {})
    return {column: Figure(value, spread, target.published_runs) for column, (value, spread) in published.items()}


def mean(values: Iterable[float | None], ddof: int) -> Figure | None:
    """Return mean and SD of the values that are defined; None where none is."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    return Figure(float(np.mean(known)), float(np.std(known, ddof=ddof)) if len(known) > 1 else None, len(known))


def _figure(scores: Mapping[str, Any], metric: str, target: Target) -> float | None:
    if metric == FINDING_F1:
        if len(scores["classes"]) != 2:
            raise DataError(
                f"table {target.name!r} is of two classes; the data have {len(scores['classes'])}: "
                f"{', '.join(scores['classes'])}"
            )
        value = scores["f1"][scores["classes"][1]]
    else:
        value = scores[metric]
    return None if value is None else float(value) * (100 if target.percent else 1)


def _spread_note(target: Target) -> str:
    if target.kind == "attention":
        return "median ± mean absolute deviation from the median over the runs"
    kind = "population SD (ddof 0)" if target.ddof == 0 else "sample SD (ddof 1)"
    unit = ", in %" if target.percent else ""
    return f"mean ± {kind} over the runs{unit}; of a single run no SD"
