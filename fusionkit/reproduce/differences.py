"""What differs between a table and the one that was published."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Set
from typing import Any

from fusionkit.config.run_config import RunConfig
from fusionkit.config.toml import dump
from fusionkit.data.spec import parse_spec
from fusionkit.reproduce.plan import Plan
from fusionkit.reproduce.targets import PUBLISHED_DATA

_SAID_ELSEWHERE = frozenset(
    {"name", "seed", "data.spec", "data.options.source", "training.device", "training.init", "split.allow_leak"}
)


def changes(old: RunConfig, new: RunConfig, unsaid: Set[str] = frozenset({"training.device"})) -> list[str]:
    """Return a line for each setting that differs, but for those that shall not be told."""
    one, other = (_flat(tomllib.loads(dump(config))) for config in (old, new))
    return [
        f"{key} {_text(other.get(key))} instead of {_text(one.get(key))}"
        for key in sorted({*one, *other} - unsaid)
        if one.get(key) != other.get(key)
    ]


def differences(plan: Plan) -> list[str]:
    """Return what differs from the paper: data, number of runs, and the settings that are not those of the preset."""
    request = plan.request
    lines = []
    adapter = parse_spec(request.spec)[0]
    measured = PUBLISHED_DATA.get(plan.setting, plan.setting)
    if adapter != measured:
        lines.append(f"data: {adapter} instead of {measured}")
    if request.second is not None and parse_spec(request.second)[0] != "pascal":
        lines.append(f"second data: {parse_spec(request.second)[0]} instead of pascal")
    if len(plan.seeds) != plan.repeats:
        lines.append(f"runs a model: {len(plan.seeds)} instead of {plan.repeats}")
    if request.variant == "paper":
        lines.append("presets: as the text of the paper, not as the authors' code")
    told: dict[str, list[str]] = {}
    for run in plan.runs:
        who = run.folder.parent.name
        for line in changes(run.recipe, run.config, _SAID_ELSEWHERE):
            owners = told.setdefault(line, [])
            if who not in owners:
                owners.append(who)
    folders = {run.folder.parent.name for run in plan.runs}
    lines += [line if len(owners) == len(folders) else f"{line} ({', '.join(owners)})" for line, owners in told.items()]
    return lines


def _flat(tables: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Return settings by dotted names; a branch is counted from 1."""
    found: dict[str, Any] = {}
    for key, value in tables.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            value = {str(number): entry for number, entry in enumerate(value, start=1)}
        if isinstance(value, Mapping):
            found |= _flat(value, f"{before}{key}.")
        else:
            found[f"{before}{key}"] = value
    return found


def _text(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, list):
        text = ", ".join(map(_text, value))
        return text if len(text) < 60 else f"{text[:57]}..."
    return str(value)
