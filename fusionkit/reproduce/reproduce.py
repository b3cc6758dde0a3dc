"""A table of a paper, from the request to the written files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fusionkit.registry import Registry
from fusionkit.reproduce.attention_rows import attention_rows
from fusionkit.reproduce.execute import execute
from fusionkit.reproduce.finished_models import with_finished_models
from fusionkit.reproduce.plan import Plan, TableRequest, plan
from fusionkit.reproduce.tables import Comparison, Row, compare, score_rows
from fusionkit.reproduce.transfer import transfer_rows
from fusionkit.reproduce.write import write_tables
from fusionkit.run.lock import locked
from fusionkit.run.reporter import Reporter
from fusionkit.training.safekeeping import Safekeeping


@dataclass(frozen=True)
class Reproduced:
    """A table, its files, its runs, and a line for each run that failed."""

    comparison: Comparison
    files: tuple[Path, ...]
    plan: Plan
    failures: tuple[str, ...]


def reproduce(
    request: TableRequest, registry: Registry, reporter: Reporter, keep: Safekeeping | None = None
) -> Reproduced:
    """Make the runs of a table that are missing, and write it.

    Raises
    ------
    FusionkitError
        If the request, the data or a folder cannot be used.
    """
    planned = plan(request, registry)
    with locked(planned.out, reporter.note):
        planned = with_finished_models(planned, registry, reporter)
        failures = execute(planned, registry, reporter, keep)
        comparison = compare(planned, _rows(planned, registry, reporter))
        return Reproduced(comparison, write_tables(comparison, planned.out), planned, tuple(failures))


def _rows(planned: Plan, registry: Registry, reporter: Reporter) -> list[Row]:
    if planned.request.target.kind == "attention":
        return attention_rows(planned, registry)
    if planned.request.target.kind == "transfer":
        return transfer_rows(planned, registry, reporter)
    return score_rows(planned)
