"""``fusionkit plugins``: which plugins are installed, and what is wrong with a broken one."""

from __future__ import annotations

import json

import click


@click.command("plugins")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with plugins and conflicts.")
def plugins_command(as_json: bool) -> None:
    """Show the installed plugins and their components; a BROKEN one with the reason."""
    from fusionkit.plugins import build_registry

    registry, plugins = build_registry()
    if as_json:
        rows = [
            {
                "name": plugin.name,
                "distribution": plugin.provider.distribution,
                "version": plugin.provider.version,
                "state": "BROKEN" if plugin.cause else "ok",
                "cause": plugin.cause,
                "components": plugin.components,
            }
            for plugin in plugins
        ]
        click.echo(json.dumps({"plugins": rows, "conflicts": registry.conflicts}))
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    table = Table("plugin", "provider", "state", "components", box=None, header_style="bold", pad_edge=False)
    for plugin in plugins:
        state = "[red]BROKEN[/red]" if plugin.cause else "[green]ok[/green]"
        table.add_row(plugin.name, str(plugin.provider), state, escape(plugin.cause or ", ".join(plugin.components)))
    console.print(table)
    for conflict in registry.conflicts:
        console.print(f"[red]CONFLICT[/red] {escape(conflict)}: usable by none until one of them is uninstalled")
