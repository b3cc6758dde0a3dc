"""What differs between a table and the one that was published."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

from fusionkit.config.run_config import RunConfig
from fusionkit.config.toml import dump
from fusionkit.data.protocols import PROTOCOLS
from fusionkit.data.spec import parse_spec
from fusionkit.reproduce.plan import Plan
from fusionkit.reproduce.targets import PAPER_SPLITS, PUBLISHED_DATA

_NO_CHANGE = frozenset({"training.device", "split.allow_leak"})
"""What leaves the figures of a run that went through as they are."""
_SAID_ELSEWHERE = _NO_CHANGE | {"name", "seed", "data.spec", "data.options.source", "training.init"}
_ANY_DATA = ("folder", "manifest", "wfdb", "edf")
_DRAWN = ("record", "subject")


def changes(old: RunConfig, new: RunConfig, unsaid: Set[str] = _NO_CHANGE) -> list[str]:
    """Return a line for each setting that differs, but for those that shall not be told; data and runs may move."""
    one, other = (_without_places(_flat(tomllib.loads(dump(config)))) for config in (old, new))
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
        if any(
            run.base and dict(PAPER_SPLITS["pascal"]).items() <= vars(run.config.split).items() for run in plan.runs
        ):
            lines.append(
                "second data: one split by subject, 15 % tested, and not the folds of pascal-b-by-subject, "
                "since fine-tuning starts one model"
            )
    told: dict[str, list[str]] = {}
    for run in plan.runs:
        who = run.folder.parent.name
        split = run.config.split.split
        kind = PROTOCOLS[split].split if split in PROTOCOLS else split
        drawn = ["the test part is drawn anew for every seed"] if kind in _DRAWN else []
        for line in drawn + changes(run.recipe, run.config, _SAID_ELSEWHERE):
            owners = told.setdefault(line, [])
            if who not in owners:
                owners.append(who)
    folders = {run.folder.parent.name for run in plan.runs}
    lines += [line if len(owners) == len(folders) else f"{line} ({', '.join(owners)})" for line, owners in told.items()]
    return lines


def _without_places(settings: dict[str, Any]) -> dict[str, Any]:
    """Return settings that are the same wherever data and runs lie; an adapter of any data keeps the last name."""
    found = dict(settings)
    if spec := settings.get("data.spec"):
        adapter, place = parse_spec(spec)
        found["data.spec"] = f"{adapter}:{place.name}" if place and adapter in _ANY_DATA else adapter
    if init := settings.get("training.init"):
        found["training.init"] = "/".join(Path(init).parts[-2:])
    return found


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
