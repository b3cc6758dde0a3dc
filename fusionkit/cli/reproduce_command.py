"""``fusionkit reproduce``: the tables of the papers, beside the published figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from fusionkit.cli.seeds import parse_seeds
from fusionkit.cli.settings_flags import option_flag, settings_tables

if TYPE_CHECKING:
    from fusionkit.reproduce.reproduce import Reproduced


@click.command("reproduce")
@click.argument("table")
@click.option("--data", "spec", required=True, metavar="SPEC", help="The data, for example physionet2016:PATH.")
@click.option("--data2", "second", metavar="SPEC", help="For audiofuse-table2: the other data, pascal:PATH.")
@click.option("--models", metavar="NAME,...", help="Some models of the table, by preset [default: all].")
@click.option("--seeds", metavar="A-B", help="For example 0-4 or 0,3,7 [default: as many as the recipe asks for].")
@click.option("--split", metavar="NAME", help="Another split than the published one.")
@click.option("--split2", "second_split", metavar="NAME", help="Another split of --data2 than the published one.")
@click.option("--validation", type=click.Choice(["own", "test"]), help="Where epochs are chosen [default: preset].")
@click.option("--allow-leak", is_flag=True, help="Go on although the split that was named leaks; tables say LEAKY.")
@click.option(
    "--variant",
    type=click.Choice(["published", "paper"]),
    default="published",
    show_default=True,
    help="Presets as the authors' code or as the text of the paper has them.",
)
@click.option("--epochs", metavar="INT", help="Most epochs of each stage [default: as the recipe has it].")
@click.option("--batch-size", metavar="INT", help="Windows a step, of each stage [default: as the recipe has it].")
@click.option("--device", metavar="NAME", help="auto, cpu, cuda or cuda:N [default: auto].")
@click.option("--precision", metavar="NAME", help="auto, float32 or bfloat16 [default: as the recipe has it].")
@option_flag("Set an option of a component in every model that has it.")
@click.option("--quick", is_flag=True, help="One seed and two epochs a stage: to see that everything works.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder of runs and tables [default: runs/PAPER-SPLIT].")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout and nothing else.")
def reproduce_command(
    table: str,
    spec: str,
    second: str | None,
    models: str | None,
    seeds: str | None,
    split: str | None,
    second_split: str | None,
    validation: Literal["own", "test"] | None,
    allow_leak: bool,
    variant: Literal["published", "paper"],
    epochs: str | None,
    batch_size: str | None,
    device: str | None,
    precision: str | None,
    overrides: tuple[str, ...],
    quick: bool,
    out: Path | None,
    as_json: bool,
) -> None:
    """Repeat TABLE of a paper and print it beside the published figures.

    Tables: audiofuse-table1, audiofuse-table2, vindas-table2, vindas-table3, vindas-table4. Runs that are there are
    kept, so that the same command goes on where it was stopped.

    \b
      fusionkit reproduce audiofuse-table1 --data physionet2016:PATH
      fusionkit reproduce vindas-table2 --data mitbih:PATH --split mitbih-ds1-ds2-without-202
    """
    from fusionkit.reproduce.targets import find_target

    target = find_target(table)
    given = {"epochs": epochs, "batch_size": batch_size, "device": device, "precision": precision}
    training = settings_tables(given).get("training", {})
    chosen = None if models is None else tuple(name.strip() for name in models.split(",") if name.strip())

    from fusionkit.cli.stop_signals import StopSignals
    from fusionkit.cli.terminal import TerminalReporter
    from fusionkit.config.resolve import parse_overrides
    from fusionkit.errors import RunError, StoppedError
    from fusionkit.plugins import build_registry
    from fusionkit.reproduce.plan import TableRequest
    from fusionkit.reproduce.reproduce import reproduce
    from fusionkit.training import memory
    from fusionkit.training.safekeeping import Safekeeping

    request = TableRequest(
        target=target,
        spec=spec,
        second=second,
        variant=variant,
        models=chosen,
        seeds=None if seeds is None else tuple(parse_seeds(seeds)),
        split=split,
        second_split=second_split,
        validation=validation,
        allow_leak=allow_leak,
        quick=quick,
        training=training,
        overrides=parse_overrides(overrides),
        out=out,
    )
    registry, _ = build_registry()
    memory.keep_freed_memory()
    with StopSignals() as signals, TerminalReporter() as reporter:
        try:
            found = reproduce(request, registry, reporter, Safekeeping(interrupt=signals))
        except (StoppedError, KeyboardInterrupt) as stop:
            if not signals.requested():
                raise
            raise StoppedError("stopped; the same command goes on from here") from stop
    if as_json:
        click.echo(json.dumps(_as_dict(found)))
    else:
        _print(found)
    if found.failures:
        raise RunError(
            f"{len(found.failures)} of {len(found.plan.runs)} runs failed; the same command tries them again",
            found.failures,
        )


def _as_dict(found: Reproduced) -> dict[str, Any]:
    import dataclasses

    return {
        **dataclasses.asdict(found.comparison),
        "quick": found.plan.request.quick,
        "files": [str(path) for path in found.files],
        "runs": [str(run.folder) for run in found.plan.runs],
        "failures": list(found.failures),
    }


def _print(found: Reproduced) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from fusionkit.reproduce.write import cells, remarks

    console = Console()
    if not console.is_terminal:
        console = Console(width=1000)  # a file has no edge to wrap at
    headings, rows = cells(found.comparison)
    title = "\n".join([found.comparison.title, *found.comparison.stamps])
    table = Table(box=None, header_style="bold", pad_edge=False, title=escape(title), title_justify="left")
    for number, heading in enumerate(headings):
        table.add_column(escape(heading.replace(", ", "\n")), justify="right" if number else "left", no_wrap=not number)
    for row in rows:
        table.add_row(*(escape(text.replace(" ± ", "±")) for text in row))
    console.print(table)
    for line in remarks(found.comparison):
        console.print(escape(line), highlight=False, soft_wrap=True)
    for path in found.files:
        click.echo(path)
