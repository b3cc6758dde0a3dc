"""``fusionkit list``: which components there are."""

from __future__ import annotations

import json

import click

KINDS = ("representation", "encoder", "fuser", "preprocessor", "augmentation", "dataset", "preset")


@click.command("list")
@click.argument("kind", required=False, type=click.Choice([*KINDS, *(f"{kind}s" for kind in KINDS)]), metavar="[KIND]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
def list_command(kind: str | None, as_json: bool) -> None:
    """List the components of a KIND, or of all kinds.

    Kinds: representation, encoder, fuser, preprocessor, augmentation, dataset, preset.
    """
    from fusionkit.plugins import build_registry

    registry, _ = build_registry()
    components = [c for c in registry if kind is None or c.kind == kind.rstrip("s")]
    if as_json:
        click.echo(
            json.dumps(
                [
                    {"kind": c.kind, "name": c.name, "summary": c.summary, "provider": str(c.provider)}
                    for c in components
                ]
            )
        )
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Column, Table

    table = Table(
        "kind", Column("name", no_wrap=True), "what it is", "provider", box=None, header_style="bold", pad_edge=False
    )
    for component in components:
        table.add_row(component.kind, component.name, escape(component.summary), str(component.provider))
    Console().print(table)
