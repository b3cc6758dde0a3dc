"""Flags made from the settings: one declaration serves help, validation, file and command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from fusionkit.config.settings_sections import setting_specs, settings_sections
from fusionkit.options import OptionSpec, format_value

RENAMED = {"spec": "data"}

Command = TypeVar("Command", bound=Callable[..., Any])


def settings_flags(command: Command) -> Command:
    """Add a flag for every setting of data, split and training."""
    for _, spec in reversed(setting_specs().values()):
        metavar = "VALUE" if " " in spec.type_name else spec.type_name.upper()
        command = click.option(_flag(spec), spec.name, metavar=metavar, help=_help(spec))(command)
    return command


def settings_tables(given: Mapping[str, str | None]) -> dict[str, dict[str, Any]]:
    """Return the settings that were given as flags, by section, each in its type.

    Raises
    ------
    UsageError
        If a value is not accepted.
    """
    specs = setting_specs()
    texts = {name: text for name, text in given.items() if text is not None}
    return settings_sections({name: specs[name][1].parse(text, _flag(specs[name][1])) for name, text in texts.items()})


def _flag(spec: OptionSpec) -> str:
    return f"--{RENAMED.get(spec.name, spec.name).replace('_', '-')}"


def _help(spec: OptionSpec) -> str:
    facts = [text for text in (spec.type_name if " " in spec.type_name else "", spec.option.bounds) if text]
    return f"{spec.option.description} [{'; '.join([*facts, f'default: {format_value(spec.default)}'])}]"
