"""What a run of a table found: its summary, checked for what the table shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fusionkit.errors import IntegrityError
from fusionkit.evaluation.metrics import METRICS
from fusionkit.run.run_folder import COMPLETE


def summary(folder: Path) -> dict[str, Any]:
    """Return the summary of a run.

    Raises
    ------
    IntegrityError
        If it cannot be read, or lacks what a table shows.
    """
    path = folder / COMPLETE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        fault = _fault(found)
    except (OSError, ValueError) as error:
        found, fault = {}, str(error)
    if fault:
        raise IntegrityError(f"{path} cannot be read: {fault}; remove {folder} to run anew")
    summarised: dict[str, Any] = found
    return summarised


def _fault(found: Any) -> str:
    """Return what is wrong with the form of a summary; empty where nothing is."""
    expected = {"leaky": bool, "record_wise": bool, "cautions": list, "metrics": dict}
    if not isinstance(found, dict):
        return f"it is a {type(found).__name__}, not an object"
    for name, kind in expected.items():
        if not isinstance(found.get(name), kind):
            return f"{name!r} is {found.get(name)!r:.40}"
    for part, scores in found["metrics"].items():
        tables = [scores, *([scores["pooled"]] if isinstance(scores, dict) and "pooled" in scores else [])]
        if fault := next(filter(None, map(_scores_fault, tables)), ""):
            return f"the figures of {part!r}: {fault}"
    return _last_fault(found.get("last_epochs"))


def _scores_fault(scores: Any) -> str:
    if not isinstance(scores, dict):
        return f"they are a {type(scores).__name__}, not an object"
    classes, f1 = scores.get("classes"), scores.get("f1")
    if not (isinstance(classes, list) and isinstance(f1, dict) and set(map(str, classes)) <= f1.keys()):
        return "classes or their F1 are missing"
    figures = {name: scores.get(name, "missing") for name in METRICS} | f1
    wrong = [name for name, value in figures.items() if not isinstance(value, int | float | None)]
    return f"{wrong[0]!r} is {figures[wrong[0]]!r:.40}" if wrong else ""


def _last_fault(last: Any) -> str:
    if not last:
        return ""
    mean, sd = (last.get("mean"), last.get("sd")) if isinstance(last, dict) else (None, None)
    if not (isinstance(mean, dict) and isinstance(sd, dict) and mean.keys() == sd.keys()):
        return "'last_epochs' lacks mean or SD"
    numbers = [last.get("epochs"), *mean.values(), *sd.values()]
    return "" if all(isinstance(number, int | float) for number in numbers) else "'last_epochs' lacks numbers"
