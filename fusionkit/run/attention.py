"""How much a trained fuser attends to every branch, for every class: one run, or many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

import pandas as pd
from torch import Tensor

from fusionkit.errors import DataError
from fusionkit.run.saved_model import SavedModel, checkpoint_folder
from fusionkit.training.checkpoint import MANIFEST

Over = Literal["branch", "class"]
_OF_FOLDS = f"checkpoints/*/best/{MANIFEST}"


def attention_table(saved: SavedModel, over: Over = "branch") -> pd.DataFrame | None:
    """Return the attention of every class (row) to every branch (column), or None where the fuser has none.

    Parameters
    ----------
    saved : SavedModel
        A trained model, whose fuser has a method ``attention(over)`` that returns [class, branch].
    over : 'branch' or 'class'
        What the attention sums to one over.
    """
    fuser = saved.model.fuser
    if not callable(getattr(type(fuser), "attention", None)):
        return None
    attention: Tensor = fuser.attention(over)  # type: ignore[operator]  # only some fusers have it
    # One output for two classes is that of the second.
    classes = saved.task.classes[-len(attention) :]
    return pd.DataFrame(attention.double().cpu().numpy(), index=list(classes), columns=list(saved.model.branch_names))


def attention_over_runs(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return what several runs attend to: a row a class and branch.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        From the name of a run to its `attention_table`.

    Returns
    -------
    DataFrame
        ``class``, ``branch``, ``runs`` (their number), ``median``, and ``deviation``, the mean absolute deviation from
        that median; then one column a run.

    Raises
    ------
    DataError
        If there is no table, or the runs differ in classes or branches.
    """
    if not tables:
        raise DataError("there is no run to show the attention of")
    names = list(tables)
    first = tables[names[0]]
    for name, table in tables.items():
        if list(table.index) != list(first.index) or list(table.columns) != list(first.columns):
            raise DataError(f"{name} has {_axes(table)}, but {names[0]} has {_axes(first)}; give runs of one model")
    values = pd.DataFrame({name: table.stack() for name, table in tables.items()})
    median = values.median(axis=1)
    summary = pd.DataFrame(
        {"runs": len(names), "median": median, "deviation": values.sub(median, axis=0).abs().mean(axis=1)}
    )
    return pd.concat([summary, values], axis=1).rename_axis(["class", "branch"]).reset_index()


def checkpoints(runs: Iterable[Path]) -> list[Path]:
    """Return the checkpoints of runs, each once: the best of every fold of a run folder with several, else the path."""
    found: dict[Path, Path] = {}
    for run in runs:
        for place in sorted(file.parent for file in run.glob(_OF_FOLDS)) or [run]:
            found.setdefault(checkpoint_folder(place).resolve(), place)
    return list(found.values())


def _axes(table: pd.DataFrame) -> str:
    return f"the classes {', '.join(table.index)} and the branches {', '.join(table.columns)}"
