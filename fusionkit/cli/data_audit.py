"""``fusionkit data audit``: leaks, copies and confounds, before a run."""

from __future__ import annotations

import json

import click

from fusionkit.cli.settings_flags import data_and_split_flags, settings_tables


@click.command("audit")
@click.argument("spec")
@click.option(
    "-o",
    "--option",
    "overrides",
    multiple=True,
    metavar="COMPONENT.OPTION=VALUE",
    help="Set an option of the data set. May be repeated.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the split.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout and nothing else.")
@data_and_split_flags
def audit_command(spec: str, overrides: tuple[str, ...], seed: int, as_json: bool, **settings: str | None) -> None:
    """Look for leaks, copies and confounds in the data set SPEC, and with --split between its parts.

    A leak ends with exit code 3. The same audit stands before every run.

    \b
      fusionkit data audit physionet2016:PATH --split physionet2016-official
    """
    from fusionkit.cli.terminal import TerminalReporter
    from fusionkit.config.resolve import component_options, parse_overrides
    from fusionkit.data.load import load_manifest
    from fusionkit.data.recordings import FileRecordings
    from fusionkit.data.settings import DataSettings
    from fusionkit.data.spec import parse_spec
    from fusionkit.data.split_settings import SplitSettings
    from fusionkit.plugins import build_registry
    from fusionkit.run.audited_data import audit_data

    tables = settings_tables(settings)
    data = DataSettings(**{"spec": spec, "window": "whole", **tables.get("data", {})})
    split = SplitSettings(**tables["split"]) if "split" in tables else None
    registry, _ = build_registry()
    adapter = registry.get("dataset", parse_spec(spec)[0])
    options = component_options(parse_overrides(overrides), [adapter])
    with TerminalReporter() as reporter:
        recordings = FileRecordings(load_manifest(data, registry, options.get(adapter.name)))
        found = audit_data(recordings, data, split, seed, reporter)
    if as_json:
        head = {"data": spec, "leaky": bool(found.leaks), "cautions": list(found.cautions)}
        click.echo(json.dumps(head | found.audited.to_dict() | {"leaks": list(found.leaks)}))
    else:
        for line in (*found.cautions, *found.scanned.warnings, *found.audited.lines()):
            click.echo(line)
    if split is None or not split.allow_leak:
        found.require_no_leak()
