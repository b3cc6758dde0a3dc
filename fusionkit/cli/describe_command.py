"""``fusionkit describe``: what a component is and what can be chosen."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from fusionkit.registry import Component, Registry


@click.command("describe")
@click.argument("name", metavar="NAME[@VARIANT]")
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON array, an object for each component of that name."
)
def describe_command(name: str, as_json: bool) -> None:
    """Show what the component NAME is, its options with units, defaults and bounds, and its source.

    A preset is shown as a configuration; NAME@VARIANT is that variant in full.
    """
    from fusionkit.plugins import build_registry

    registry, _ = build_registry()
    components = [_variant(registry, name)] if "@" in name else registry.named(name)
    if as_json:
        click.echo(json.dumps([_as_dict(component) for component in components]))
        return
    for component in components:
        _print(component)


def _variant(registry: Registry, name: str) -> Component:
    """Return a variant of a preset as if it were a preset of its own."""
    from dataclasses import replace

    from fusionkit.config.presets import preset_tables

    plain, _, variant = name.partition("@")
    component = registry.get("preset", plain)
    tables = preset_tables(registry, name)
    told = [str(table.get("description", "")) for table in (component.target, component.target["variants"][variant])]
    return replace(component, name=f"{component.name}@{variant}", target=tables | {"description": " ".join(told)})


def _as_dict(component: Component) -> dict[str, Any]:
    from fusionkit.options import REQUIRED, format_value

    return {
        "kind": component.kind,
        "name": component.name,
        "provider": str(component.provider),
        "description": _text(component),
        "takes": _takes(component),
        "options": [
            {
                "name": spec.name,
                "type": spec.type_name,
                "default": None if spec.default is REQUIRED else format_value(spec.default),
                "bounds": spec.option.bounds,
                "description": spec.option.description,
            }
            for spec in component.options.values()
        ],
    }


def _print(component: Component) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.padding import Padding

    console = Console(highlight=False)
    shown = _as_dict(component)
    console.print(f"[bold]{component.kind} {component.name}[/bold]  ({component.provider})")
    if shown["takes"]:
        console.print(escape(shown["takes"]))
    console.print()
    console.print(escape(shown["description"]))
    if shown["options"]:
        console.print("\n[bold]Options[/bold]")
    for option in shown["options"]:
        default = "required" if option["default"] is None else f"default {option['default']}"
        facts = "  ".join(text for text in (option["type"], default, option["bounds"]) if text)
        console.print(f"[bold]{option['name']}[/bold]  {escape(facts)}")
        console.print(Padding(escape(option["description"]), (0, 0, 0, 4)))
    if shown["options"]:
        name = f"{component.name}.{shown['options'][0]['name']}"
        console.print(f"\nSet an option with -o, for example: -o {name}=VALUE", style="dim")
    console.print()


def _text(component: Component) -> str:
    if component.kind == "preset":
        from fusionkit.config.toml import preset_text

        text: str = preset_text(component.target)
        return text
    from fusionkit import docstrings

    # What is negotiated is nothing that a user chooses, and the options follow below with their bounds.
    shown = [
        f"{heading}\n\n{text}" if heading else text
        for heading, text in docstrings.sections(component.target).items()
        if heading not in ("Parameters", "Raises")
    ]
    return "\n\n".join(_reflowed(block) for text in shown for block in docstrings.plain(text).split("\n\n"))


def _reflowed(block: str) -> str:
    """Join the lines of a paragraph, so that the terminal breaks them; headings and lists keep theirs."""
    keeps_lines = re.search(r"^(\s|-|\*|\.\.)", block, flags=re.MULTILINE)
    return block if keeps_lines else " ".join(block.split())


def _takes(component: Component) -> str:
    """Return what a representation gives, an encoder takes, or how many branches a fuser joins."""
    target = component.target
    match component.kind:
        case "representation":
            return f"gives {' x '.join(target.axes)}"
        case "encoder":
            return "takes " + " or ".join(" x ".join(axes) for axes in target.accepts)
        case "fuser":
            most = target.max_branches
            if most == target.min_branches:
                return f"joins exactly {most} branch{'' if most == 1 else 'es'}"
            return (
                f"joins {target.min_branches} or more branches"
                if most is None
                else f"joins {target.min_branches} to {most} branches"
            )
    return ""
