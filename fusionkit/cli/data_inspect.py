"""``fusionkit data inspect``: what a data set holds, before a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from fusionkit.cli.settings_flags import data_flags, option_flag, settings_tables
from fusionkit.errors import UsageError

_MARK = b'content="fusionkit data inspect"'


@click.command("inspect")
@click.argument("spec")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The page [default: inspection-NAME.html; with --json: none].",
)
@option_flag("Set an option of the data set, or of a representation that is drawn.")
@click.option(
    "--pictures", type=click.IntRange(0, 100), default=6, show_default=True, help="Recordings that are drawn."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Decides which ones are drawn.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout and nothing else.")
@data_flags
def inspect_command(
    spec: str,
    out: Path | None,
    overrides: tuple[str, ...],
    pictures: int,
    seed: int,
    as_json: bool,
    **settings: str | None,
) -> None:
    """Show what the data set SPEC holds: classes, subjects, durations, faults, and pictures in an HTML page.

    \b
      fusionkit data inspect physionet2016:PATH
    """
    from fusionkit.cli.terminal import TerminalReporter
    from fusionkit.config.resolve import component_options, parse_overrides
    from fusionkit.data.load import load_manifest
    from fusionkit.data.recordings import FileRecordings
    from fusionkit.data.settings import DataSettings
    from fusionkit.data.spec import parse_spec
    from fusionkit.plugins import build_registry
    from fusionkit.report.inspection import inspect
    from fusionkit.report.inspection_page import inspection_page

    chosen = DataSettings(spec=spec, **settings_tables(settings).get("data", {}))
    registry, _ = build_registry()
    adapter = registry.get("dataset", parse_spec(spec)[0])
    representations = registry.all("representation")
    options = component_options(parse_overrides(overrides), (*representations, adapter))
    place = None if as_json and out is None else out or Path(f"inspection-{adapter.name}.html")
    if place is not None:
        _check_place(place)

    with TerminalReporter() as reporter:
        recordings = FileRecordings(load_manifest(chosen, registry, options.get(adapter.name)))
        inspection = inspect(
            recordings, chosen, lambda done, total: reporter.progress("reading recordings", done, total)
        )
        if place is not None:
            page = inspection_page(
                spec,
                inspection,
                recordings,
                [(component, options.get(component.name, {})) for component in representations],
                pictures=pictures,
                seed=seed,
                progress=lambda done, total: reporter.progress("drawing recordings", done, total),
            )
            place.write_text(page, encoding="utf-8")
    if as_json:
        click.echo(json.dumps({"data": spec, **inspection.summary, "page": place and str(place)}))
    else:
        _print(inspection.summary)
        click.echo(place)


def _check_place(place: Path) -> None:
    """Refuse to write over anything that is not an earlier page."""
    if not place.parent.is_dir():
        raise UsageError(f"--out {place}: there is no folder {place.parent}")
    if place.exists():
        with place.open("rb") as file:
            if _MARK not in file.read(1000):
                raise UsageError(
                    f"{place} is something else than an earlier page of this command; choose another --out"
                )


def _print(summary: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("class")
    for heading in ("recordings", "subjects", "minutes"):
        table.add_column(heading, justify="right")
    for name, row in summary["classes"].items():
        subjects = "unknown" if row["subjects"] is None else str(row["subjects"])
        table.add_row(escape(name), str(row["recordings"]), subjects, f"{row['seconds'] / 60:.1f}")
    console.print(table)
    seconds = summary["seconds"]
    rates = ", ".join(f"{rate} Hz ({count})" for rate, count in summary["sample_rates"].items())
    console.print(
        f"{summary['recordings']} recordings, {seconds['min']:.4g} to {seconds['max']:.4g} s (median "
        f"{seconds['median']:.4g} s), {rates}",
        highlight=False,
        soft_wrap=True,
    )
    for line in (*summary["cautions"], *summary["needs"], *summary["warnings"]):
        console.print(f"[yellow]{escape(line)}[/yellow]", highlight=False, soft_wrap=True)
    if summary["problems"]:
        console.print(f"[red]{summary['left_out']} recordings cannot be used:[/red]", highlight=False, soft_wrap=True)
        for line in summary["problems"]:
            console.print(f"  {escape(line)}", highlight=False, soft_wrap=True)
