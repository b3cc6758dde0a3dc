"""A group of commands that are imported when they are called, so that ``--help`` needs no torch."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import click


class LazyGroup(click.Group):
    """A group whose commands live in modules of their own.

    Parameters
    ----------
    known : mapping
        What every command does, by its name, in the order of the help.
    home : str
        Module of a command, with ``{}`` in the place of its name; there it is called ``<name>_command``.
    """

    def __init__(self, *arguments: Any, known: Mapping[str, str], home: str, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._known = known
        self._home = home

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the command names in the order of the help."""
        return list(self._known)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of a command and return the command."""
        if cmd_name not in self._known:
            return None
        command = getattr(importlib.import_module(self._home.format(cmd_name)), f"{cmd_name}_command")
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands and what they do without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self._known.items()))
