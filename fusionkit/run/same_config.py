"""Whether a run that goes on has the settings that it began with."""

from __future__ import annotations

import tomllib
from typing import Any

from fusionkit.config.run_config import RunConfig
from fusionkit.config.toml import dump
from fusionkit.errors import IntegrityError
from fusionkit.run.run_folder import CONFIG, STATE, RunFolder

BEGUN = f"{STATE}/{CONFIG}"
"""The configuration that a training began with."""
_FREE = ("data.spec", "training.device")  # data may have moved; another device is another environment
_ABSENT = "not given"


def require_same_config(folder: RunFolder, config: RunConfig, begun: RunConfig) -> None:
    """Compare settings with those that the training began with.

    Raises
    ------
    IntegrityError
        If one differs, other than where the data are and the device; all that do are in its details.
    """
    now, before = (_settings(tomllib.loads(dump(one))) for one in (config, begun))
    changed = [
        f"{name} is {now.get(name, _ABSENT)!r}, was {before.get(name, _ABSENT)!r}"
        for name in {**before, **now}
        if name not in _FREE and before.get(name) != now.get(name)
    ]
    if changed:
        raise IntegrityError(
            f"{folder.path / CONFIG} is not what {folder.path} began with; set it back, or begin a new run", changed
        )


def _settings(tables: dict[str, Any], place: str = "") -> dict[str, Any]:
    """Return the values of nested tables by names such as ``training.lr`` and ``branches.0.encoder``."""
    found: dict[str, Any] = {}
    for name, value in tables.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            value = {str(number): table for number, table in enumerate(value)}
        found |= _settings(value, f"{place}{name}.") if isinstance(value, dict) else {f"{place}{name}": value}
    return found
