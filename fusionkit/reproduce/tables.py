"""Own figures beside the published ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fusionkit.errors import DataError
from fusionkit.reproduce.differences import differences
from fusionkit.reproduce.execute import is_complete
from fusionkit.reproduce.plan import Plan
from fusionkit.reproduce.run_summary import summary
from fusionkit.reproduce.targets import FINDING_F1, Target
from fusionkit.run.prepare import STOPPED_ON_TEST

QUICK = "QUICK: a smoke run, its figures mean nothing"
LEAKY = "LEAKY"
CHOSEN_ON_TEST = "epoch chosen on the test part"
RECORD_WISE = "record-wise: subject leakage not excluded"


@dataclass(frozen=True)
class Figure:
    """A figure over some runs: its centre, its spread where there are several, how many there are, if it is known.

    A published one that cannot be right is an erratum.
    """

    value: float
    spread: float | None
    runs: int | None
    erratum: bool = False


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
        What the spread is, and which published figure cannot be right.
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
    stamps += [CHOSEN_ON_TEST] if any(STOPPED_ON_TEST in found["cautions"] for found in summaries) else []
    stamps += [RECORD_WISE] if any(found["record_wise"] for found in summaries) else []
    cautions = [line for found in summaries for line in found["cautions"] if line not in stamps]
    return Comparison(
        name=target.name,
        source=target.source,
        columns=tuple(target.columns),
        rows=tuple(rows),
        stamps=tuple(stamps),
        notes=(*_spread_notes(target, summaries), *_errata_notes(target, rows), *_left_out(target, plan.setting)),
        differences=tuple(differences(plan)),
        cautions=tuple(dict.fromkeys(cautions)),
        decimals=2 if target.percent else 3 if target.kind == "attention" else 4,
    )


def score_rows(plan: Plan) -> list[Row]:
    """Return the rows of every model.

    A model has one row; with several folds two, the pooled test parts and the mean over the folds. Where the last
    epochs were scored, their mean stands before, and it alone beside the published figures: that is what the paper
    averages. A model whose plugin is not installed has its published figures alone.
    """
    rows = []
    for model in dict.fromkeys(run.model for run in plan.runs):
        runs = [run for run in plan.runs if run.model == model and is_complete(run)]
        found = [summary(run.folder) for run in runs]
        tests = [each["metrics"]["test"] for each in found if "test" in each["metrics"]]
        lasts = [each["last_epochs"] for each in found if each.get("last_epochs")]
        one = f"{runs[0].config.training.selection} epoch" if lasts else ""
        if any("pooled" in scores for scores in tests):
            ends = f", {one}" if one else ""
            own = [scores_row(plan, model, f"all folds in one{ends}", [scores["pooled"] for scores in tests])]
            own.append(scores_row(plan, model, f"mean over folds{ends}", tests))
        else:
            own = [scores_row(plan, model, one, tests)]
        if lasts:
            count = min(runs[0].config.evaluation.last_epochs, *(last["epochs"] for last in lasts))
            rows.append(_last_epochs_row(plan, model, f"mean of the last {count} epochs", lasts))
            own = [dataclasses.replace(row, published={}) for row in own]
        rows += own
    plugins = plan.request.target.plugins
    return rows + [scores_row(plan, model, f"not run: needs {plugins[model]}", []) for model in plan.absent]


def scores_row(plan: Plan, model: str, what: str, tests: Sequence[Mapping[str, Any]]) -> Row:
    """Return the row of a model from the figures of the test part of every run."""
    target = plan.request.target
    own = {
        column: mean([_figure(scores, metric, target) for scores in tests], target.ddof)
        for column, metric in target.columns.items()
    }
    name = f"{model}, {what}" if what else model
    return Row(name, len(tests), published_row(plan, model), {c: figure for c, figure in own.items() if figure})


def _last_epochs_row(plan: Plan, model: str, what: str, lasts: Sequence[Mapping[str, Any]]) -> Row:
    """Return mean and SD over the last epochs of all runs together, from mean and SD of those of every run."""
    target = plan.request.target
    scale = 100 if target.percent else 1
    own = {}
    for column, metric in target.columns.items():
        known = [last for last in lasts if metric in last["mean"]]
        if not known:
            continue
        counts = np.array([last["epochs"] for last in known])
        means = np.array([last["mean"][metric] for last in known])
        squares = np.array([last["sd"][metric] for last in known]) ** 2
        centre = float(np.average(means, weights=counts))
        total, size = float(counts @ (squares + (means - centre) ** 2)), int(counts.sum()) - target.ddof
        spread = scale * (total / size) ** 0.5 if size > 0 else None
        own[column] = Figure(scale * centre, spread, len(known))
    return Row(f"{model}, {what}", len(lasts), published_row(plan, model), own)


def published_row(plan: Plan, row: str) -> dict[str, Figure]:
    """Return the published figures of a row; empty where there are none."""
    target = plan.request.target
    published = target.published[plan.setting].get(row, {})
    return {
        column: Figure(value, spread, target.published_runs, (row, column) in target.errata)
        for column, (value, spread) in published.items()
    }


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


def _spread_notes(target: Target, summaries: Sequence[Mapping[str, Any]]) -> list[str]:
    if target.kind == "attention":
        return ["median ± mean absolute deviation from the median over the runs"]
    kind = "population SD (ddof 0)" if target.ddof == 0 else "sample SD (ddof 1)"
    unit = ", in %" if target.percent else ""
    notes = [f"mean ± {kind} over the runs{unit}, where there are several"]
    if any(found.get("last_epochs") for found in summaries):
        notes.append(
            "mean of the last epochs: mean and SD are over those epochs of all runs together, as in the paper; so a "
            "single run has an SD there"
        )
    return notes


def _errata_notes(target: Target, rows: Sequence[Row]) -> list[str]:
    shown = {(key, column) for key, column in target.errata for row in rows if row.name.partition(", ")[0] == key}
    return [f"erratum of the paper, {row}, {column}: {target.errata[row, column]}" for row, column in sorted(shown)]


def _left_out(target: Target, setting: str) -> list[str]:
    """Return a line on the rows of the paper that are those of others."""
    rows = target.left_out.get(setting)
    return [f"left out, since the paper takes these rows from the literature: {rows}"] if rows else []
