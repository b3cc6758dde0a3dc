"""What differs between two configurations."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

from fusionkit.config.run_config import RunConfig
from fusionkit.config.toml import dump
from fusionkit.data.spec import parse_spec

NO_CHANGE = frozenset({"training.device", "split.allow_leak"})
"""What leaves the figures of a run that went through as they are."""
ANY_DATA = ("folder", "manifest", "wfdb", "edf")
"""Adapters of data of any kind."""


def changes(old: RunConfig, new: RunConfig, unsaid: Set[str] = NO_CHANGE) -> list[str]:
    """Return a line for each setting that differs, but for those that shall not be told; data and runs may move."""
    one, other = (_without_places(_flat(tomllib.loads(dump(config)))) for config in (old, new))
    return [
        f"{key} {_text(other.get(key))} instead of {_text(one.get(key))}"
        for key in sorted({*one, *other} - unsaid)
        if one.get(key) != other.get(key)
    ]


def _without_places(settings: dict[str, Any]) -> dict[str, Any]:
    """Return settings that are the same wherever data and runs lie; an adapter of any data keeps the last name."""
    found = dict(settings)
    if spec := settings.get("data.spec"):
        adapter, place = parse_spec(spec)
        found["data.spec"] = f"{adapter}:{place.name}" if place and adapter in ANY_DATA else adapter
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
