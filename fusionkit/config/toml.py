"""Configuration files: TOML to `RunConfig` and back, so that ``parse(dump(config)) == config``."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli_w

from fusionkit.config.run_config import DEFAULT_BRANCHES, RunConfig
from fusionkit.config.settings_sections import SECTIONS
from fusionkit.errors import UsageError, did_you_mean
from fusionkit.model.settings import BranchSettings, ComponentSettings
from fusionkit.options import option_specs, plain_name, validate_options
from fusionkit.training.settings import TrainingSettings

MAX_BYTES = 1_000_000
LISTS = ("preprocessors", "augmentations")


def dump(config: RunConfig) -> str:
    """Return a configuration as TOML, which has no None: a setting whose default is None is left out, else it is []."""
    tables: dict[str, Any] = {"name": config.name, "seed": config.seed}
    for section, settings in SECTIONS.items():
        values = dataclasses.asdict(getattr(config, section))
        absent = [
            name for name, spec in option_specs(settings, section).items() if spec.default is values[name] is None
        ]
        tables[section] = _plain({name: value for name, value in values.items() if name not in absent})
    tables["data"]["options"] = _plain(config.dataset_options)
    tables["branches"] = [_without_empty(_plain(dataclasses.asdict(branch))) for branch in config.branches]
    tables["fuser"] = _without_empty(_plain(dataclasses.asdict(config.fuser)))
    tables["stages"] = {name: _plain(values) for name, values in config.stages.items()}
    for key in LISTS:
        steps = [_without_empty(_plain(dataclasses.asdict(step))) for step in getattr(config, key)]
        tables |= {key: steps} if steps else {}
    return tomli_w.dumps(_without_empty(tables))


def preset_text(preset: Mapping[str, Any]) -> str:
    """Return a preset as its description and the TOML that it stands for."""
    tables = {key: value for key, value in preset.items() if key not in ("description", "variants", "repeats")}
    repeats = f" Runs that it asks for: {preset['repeats']}." if "repeats" in preset else ""
    text = f"{preset.get('description', '')}{repeats}\n\n{tomli_w.dumps(_plain(tables))}"
    for name, variant in preset.get("variants", {}).items():
        changes = tomli_w.dumps(_plain({key: value for key, value in variant.items() if key != "description"}))
        lines = [f"@{name}: {variant.get('description', '')} It differs in:", *changes.splitlines()]
        text += "\n" + "".join(f"# {line}".rstrip() + "\n" for line in lines)
    return text


def parse(text: str, source: str = "configuration") -> RunConfig:
    """Return the configuration that a TOML text holds; errors as in `from_tables`."""
    return from_tables(parse_tables(text, source), source)


def parse_tables(text: str, source: str) -> dict[str, Any]:
    """Return the tables of a TOML text.

    Raises
    ------
    UsageError
        If the text is not TOML; the message names line and column.
    """
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"{source} is not valid TOML: {error}") from error


def read_tables(path: Path) -> dict[str, Any]:
    """Return the tables of a TOML file.

    Raises
    ------
    UsageError
        If the file cannot be read, is over 1 MB, is not UTF-8 or not TOML.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UsageError(f"{path} has {path.stat().st_size} bytes; a configuration has at most {MAX_BYTES}")
        return parse_tables(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(f"cannot read the configuration {path}: {reason}") from error


def from_tables(tables: Mapping[str, Any], source: str = "configuration") -> RunConfig:
    """Return the configuration that tables in the form of a file describe.

    Raises
    ------
    UsageError
        If a key is unknown, or a value has another type or lies outside its bounds. The options of components are
        checked later, against the components.
    """
    lists = dict.fromkeys(("branches", *LISTS), list)
    known = {"name": str, "seed": int, **lists, "fuser": dict, "stages": dict, **dict.fromkeys(SECTIONS, dict)}
    _check_keys(tables, known, source)
    sections: dict[str, Any] = {}
    for section, settings in SECTIONS.items():
        values = _frozen(tables.get(section, {}))
        if section == "data":
            sections["dataset_options"] = _frozen(_table(values.pop("options", {}), f"{source}: data.options"))
        owner = f"{source}: [{section}]"
        sections[section] = settings(**validate_options(values, option_specs(settings, owner), owner))
    if "branches" in tables:
        sections["branches"] = tuple(_branch(entry, f"{source}: branches") for entry in tables["branches"])
        if not sections["branches"]:
            raise UsageError(f"{source}: 'branches' is empty; give at least one representation and encoder")
    branches = sections.get("branches", DEFAULT_BRANCHES)
    sections["fuser"] = ComponentSettings("single" if len(branches) == 1 else "concat")
    if "fuser" in tables:
        sections["fuser"] = _component(tables["fuser"], f"{source}: fuser")
    sections["stages"] = {
        name: _stage(values, f"{source}: [stages.{name}]")
        for name, values in _table(tables.get("stages", {}), source).items()
    }
    for key in LISTS:
        sections[key] = tuple(_component(entry, f"{source}: {key}") for entry in tables.get(key, ()))
    return RunConfig(name=tables.get("name", ""), seed=tables.get("seed", 0), **sections)


def _branch(entry: object, owner: str) -> BranchSettings:
    known = {"representation": str, "encoder": str, "representation_options": dict, "encoder_options": dict}
    table = _table(entry, owner)
    _check_keys(table, known, owner, required=("representation", "encoder"))
    options = (_frozen(table.get(f"{part}_options", {})) for part in ("representation", "encoder"))
    return BranchSettings(plain_name(table["representation"]), plain_name(table["encoder"]), *options)


def _component(entry: object, owner: str) -> ComponentSettings:
    table = _table(entry, owner)
    _check_keys(table, {"name": str, "options": dict}, owner, required=("name",))
    return ComponentSettings(plain_name(table["name"]), _frozen(table.get("options", {})))


def _stage(values: object, owner: str) -> dict[str, Any]:
    return validate_options(_frozen(_table(values, owner)), option_specs(TrainingSettings, owner), owner)


def _table(value: object, owner: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UsageError(f"{owner} is {value!r}; expected a table")
    return value


def _check_keys(
    table: Mapping[str, Any], known: Mapping[str, type], owner: str, required: tuple[str, ...] = ()
) -> None:
    for key, value in table.items():
        if key not in known:
            raise UsageError(f"{owner} has no key {key!r}; {did_you_mean(key, known)}")
        if type(value) is not known[key]:
            expected = {str: "a text", int: "a whole number", list: "a list", dict: "a table"}[known[key]]
            raise UsageError(f"{owner}: {key!r} is {value!r}; expected {expected}")
    for key in required:
        if key not in table:
            raise UsageError(f"{owner} lacks {key!r}")


def _plain(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as TOML holds them: lists for tuples, [] for None."""

    def plain(value: Any) -> Any:
        if isinstance(value, Mapping):
            return _plain(value)
        if value is None:
            return []
        return list(value) if isinstance(value, tuple) else value

    return {key: plain(value) for key, value in options.items()}


def _frozen(options: Mapping[str, Any]) -> dict[str, Any]:
    """Undo `_plain`."""
    return {key: (tuple(value) or None) if isinstance(value, list) else value for key, value in options.items()}


def _without_empty(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if value != {}}
