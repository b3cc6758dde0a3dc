"""Rows of models that were not asked for this time, and that the folder has."""

from __future__ import annotations

import dataclasses

from fusionkit.errors import UsageError
from fusionkit.registry import Registry
from fusionkit.reproduce.execute import is_complete
from fusionkit.reproduce.plan import Plan, plan
from fusionkit.run.reporter import Reporter
from fusionkit.run.run_folder import COMPLETE


def with_finished_models(planned: Plan, registry: Registry, reporter: Reporter) -> Plan:
    """Return a plan with the complete runs of the table's other models, so that a table never loses rows.

    A run of another configuration stays out, and the reporter is told.
    """
    if planned.request.models is None:
        return planned
    whole = plan(dataclasses.replace(planned.request, models=None, out=planned.out), registry)
    asked = {run.folder for run in planned.runs}
    runs = []
    for run in whole.runs:
        if run.folder in asked:
            runs.append(run)
        elif (run.folder / COMPLETE).is_file():
            try:
                runs += [run] if is_complete(run) else []
            except UsageError as error:
                reporter.note(f"not in the table: {error.message}")
    return dataclasses.replace(planned, runs=tuple(runs))
