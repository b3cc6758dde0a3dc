"""Rows of late attention: what every class attends to, over the runs."""

from __future__ import annotations

from fusionkit.errors import UsageError
from fusionkit.registry import Registry
from fusionkit.reproduce.execute import is_complete
from fusionkit.reproduce.plan import Plan
from fusionkit.reproduce.tables import Figure, Row, published_row
from fusionkit.run.attention import attention_over_runs, attention_table, checkpoints
from fusionkit.run.saved_model import load_model


def attention_rows(plan: Plan, registry: Registry) -> list[Row]:
    """Return a row a class: median weight of the spectrogram and of the raw signal, and its deviation.

    Raises
    ------
    UsageError
        If the fuser of a run has no attention, or not to one raw signal and one other view.
    """
    tables = {}
    for run in plan.runs:
        for place in checkpoints([run.folder]) if is_complete(run) else ():
            table = attention_table(load_model(place, registry))
            raw = [branch.representation == "wave" for branch in run.config.branches]
            if table is None or sorted(raw) != [False, True]:
                raise UsageError(f"{run.label} has no attention to a raw signal and one spectrogram")
            tables[str(place)] = table.set_axis(["raw" if is_raw else "spectrogram" for is_raw in raw], axis="columns")
    if not tables:
        return []
    own: dict[str, dict[str, Figure]] = {}
    for cell in attention_over_runs(tables).to_dict("records"):
        runs = int(cell["runs"])
        spread = float(cell["deviation"]) if runs > 1 else None
        own.setdefault(str(cell["class"]), {})[str(cell["branch"])] = Figure(float(cell["median"]), spread, runs)
    return [Row(name, len(tables), published_row(plan, name), figures) for name, figures in own.items()]
