"""Write docs/components.md and docs/command-line.md from the registry and the commands; ``--check`` compares only."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from fusionkit import docstrings
from fusionkit.cli.main import COMMANDS, cli
from fusionkit.config.toml import preset_text
from fusionkit.options import REQUIRED, format_value
from fusionkit.plugins import build_registry
from fusionkit.registry import KINDS, Component

NOTE = "<!-- made by docs/generate_pages.py; do not edit -->\n"
TITLES = {"dataset": "Data sets"}


def components_page() -> str:
    """Return the page of all built-in components."""
    registry, _ = build_registry([])
    lines = [NOTE, "# Components\n", "What `fusionkit describe NAME` shows, for everything that is built in.\n"]
    for kind in KINDS:
        lines.append(f"## {TITLES.get(kind, f'{kind.capitalize()}s')}\n")
        for component in registry.all(kind):
            lines.append(f"### {component.name}\n")
            lines.append(_preset(component) if kind == "preset" else _component(component))
    return "\n".join(lines)


def command_line_page() -> str:
    """Return the page of all commands: their help."""
    lines = [NOTE, "# Command line\n", _help(cli, "fusionkit")]
    context = click.Context(cli, info_name="fusionkit")
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        lines += [f"## fusionkit {name}\n", _help(command, f"fusionkit {name}")]
    return "\n".join(lines)


def _help(command: click.Command, name: str) -> str:
    context = click.Context(
        command, info_name=name, terminal_width=100, max_content_width=100, help_option_names=["-h", "--help"]
    )
    return f"```text\n{command.get_help(context)}\n```\n"


def _preset(component: Component) -> str:
    description, _, toml = preset_text(component.target).partition("\n\n")
    return f"{description}\n\n```toml\n{toml.strip()}\n```\n"


def _component(component: Component) -> str:
    text = []
    for heading, body in docstrings.sections(component.target).items():
        if heading in ("", "Notes", "References", "Returns"):
            text.append(f"**{heading}**\n\n{docstrings.plain(body)}" if heading else docstrings.plain(body))
    if component.options:
        rows = ["| option | type | default | bounds | what it is |", "|---|---|---|---|---|"]
        for spec in component.options.values():
            default = "required" if spec.default is REQUIRED else format_value(spec.default)
            cells = (f"`{spec.name}`", spec.type_name, default, spec.option.bounds, spec.option.description)
            rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        text.append("\n".join(rows))
    return "\n\n".join(text) + "\n"


def main() -> None:
    """Write the pages, or name those that are out of date."""
    folder = Path(__file__).parent
    pages = {"components.md": components_page(), "command-line.md": command_line_page()}
    stale = [
        name
        for name, text in pages.items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text
    ]
    if "--check" in sys.argv[1:]:
        sys.exit(f"out of date: {', '.join(stale)}; run `make docs`" if stale else 0)
    for name in stale:
        (folder / name).write_text(pages[name], encoding="utf-8")


if __name__ == "__main__":
    main()
