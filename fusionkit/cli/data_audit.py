"""``fusionkit data audit``: leaks, copies and confounds, before a run."""

from __future__ import annotations

import json

import click

from fusionkit.cli.settings_flags import data_and_split_flags, option_flag, settings_tables


@click.command("audit")
@click.argument("spec")
@option_flag("Set an option of the data set.")
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
    from fusionkit.data.lenient_settings import lenient_settings
    from fusionkit.data.load import load_manifest
    from fusionkit.data.recordings import FileRecordings
    from fusionkit.data.scan import problem_lines
    from fusionkit.data.settings import DataSettings
    from fusionkit.data.spec import parse_spec
    from fusionkit.data.split_settings import SplitSettings
    from fusionkit.plugins import build_registry
    from fusionkit.run.audited_data import audit_data

    tables = settings_tables(settings)
    data = DataSettings(spec=spec, **tables.get("data", {}))
    split = SplitSettings(**tables["split"]) if "split" in tables else None
    registry, _ = build_registry()
    adapter = registry.get("dataset", parse_spec(spec)[0])
    options = component_options(parse_overrides(overrides), [adapter])
    with TerminalReporter() as reporter:
        recordings = FileRecordings(load_manifest(data, registry, options.get(adapter.name)))
        lenient, needs = lenient_settings(recordings, data)
        found = audit_data(recordings, lenient, split, seed, reporter)
    problems = problem_lines(found.scanned.problems)
    told = {"cautions": found.cautions, "needs": needs, "notes": found.scanned.warnings, "left_out": problems}
    if as_json:
        head = {"data": spec, "leaky": bool(found.leaks), **{name: list(lines) for name, lines in told.items()}}
        click.echo(json.dumps(head | found.audited.to_dict() | {"leaks": list(found.leaks)}))
    else:
        left_out = (f"left out: {line}" for line in problems)
        stamp = ("LEAKY",) if found.leaks else ()
        for line in (*stamp, *found.cautions, *needs, *found.scanned.warnings, *left_out, *found.published_leaks):
            click.echo(line)
        for line in found.audited.lines():
            click.echo(line)
    if split is None or not split.allow_leak:
        found.require_no_leak()
