"""Flags made from the settings: one declaration serves help, validation, file and command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click

from fusionkit.config.settings_sections import setting_specs, settings_sections
from fusionkit.options import OptionSpec, format_value

RENAMED = {"spec": "data", "branch_drop_rate": "branch_drop"}

Command = TypeVar("Command", bound=Callable[..., Any])


def settings_flags(command: Command) -> Command:
    """Add a flag for every setting of data, split, training and evaluation."""
    return _with_flags(command, [spec for _, spec in setting_specs().values()])


def data_flags(command: Command) -> Command:
    """Add a flag for every setting of data but the spec, an argument, and the policy: all bad files are told."""
    return _with_flags(command, [spec for spec in _of_section("data") if spec.name != "on_bad_file"])


def data_and_split_flags(command: Command) -> Command:
    """Add a flag for every setting of data, but the spec, and of the split."""
    return _with_flags(command, [*_of_section("data"), *_of_section("split")])


def evaluation_flags(command: Command) -> Command:
    """Add the flags of evaluation for a run that is there already, whose settings are the defaults."""
    for name in ("confidence", "intervals", "threshold", "aggregate"):
        spec = setting_specs()[name][1]
        metavar = "VALUE" if " " in spec.type_name else spec.type_name.upper()
        text = f"{spec.option.description} [default: as in the run]"
        command = click.option(_flag(spec), name, metavar=metavar, help=text)(command)
    return command


def option_flag(help_text: str) -> Callable[[Command], Command]:
    """Return a decorator that adds ``-o/--option``, which may be repeated, as ``overrides``."""
    return click.option(
        "-o",
        "--option",
        "overrides",
        multiple=True,
        metavar="COMPONENT.OPTION=VALUE",
        help=f"{help_text} May be repeated.",
    )


def _of_section(section: str) -> list[OptionSpec]:
    return [spec for owner, spec in setting_specs().values() if owner == section and spec.name != "spec"]


def _with_flags(command: Command, specs: Sequence[OptionSpec]) -> Command:
    for spec in reversed(specs):
        metavar = "VALUE" if " " in spec.type_name else spec.type_name.upper()
        # A switch needs no value: --allow-leak is --allow-leak true. A list may be given in several flags.
        more: dict[str, Any] = {"is_flag": False, "flag_value": "true"} if spec.type_name == "bool" else {}
        if ",..." in spec.type_name:
            more = {"multiple": True, "callback": _joined}
        command = click.option(_flag(spec), spec.name, metavar=metavar, help=_help(spec), **more)(command)
    return command


def _joined(_context: click.Context, _option: click.Parameter, texts: tuple[str, ...]) -> str | None:
    """Return a list that was given at once or item by item as one text."""
    return ",".join(texts) if texts else None


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
