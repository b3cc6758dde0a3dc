"""``fusionkit attention``: what trained fusers attend to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fusionkit.errors import ResourceError, UsageError

if TYPE_CHECKING:
    import pandas as pd


@click.command("attention")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN...")
@click.option(
    "--over",
    type=click.Choice(("branch", "class")),
    default="branch",
    show_default=True,
    help="What the attention sums to one over: the branches of a class, or the classes of a branch.",
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE.csv", help="Save the table.")
@click.option("--figure", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE.svg", help="Save a bar chart.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout and nothing else.")
def attention_command(runs: tuple[Path, ...], over: Any, out: Path | None, figure: Path | None, as_json: bool) -> None:
    """Show the attention of every class to every branch of the models of RUN...

    Over several runs, and over the folds of a run, this is the median ± the mean absolute deviation from the median. A
    model that several paths lead to counts once. The fuser must have such attention, as late_attention has.

    \b
      fusionkit attention runs/NAME/seed* --out attention.csv --figure attention.svg
    """
    from fusionkit.data.csv_cells import neutral_csv
    from fusionkit.plugins import build_registry
    from fusionkit.report.attention_figure import attention_bars
    from fusionkit.run.attention import attention_over_runs, attention_table, checkpoints
    from fusionkit.run.saved_model import load_model

    registry, _ = build_registry()
    tables = {}
    for path in checkpoints(runs):
        table = attention_table(load_model(path, registry), over)
        if table is None:
            raise UsageError(f"the fuser of {path} has no attention to branches; give runs with late_attention")
        tables[str(path)] = table
    summary = attention_over_runs(tables)
    if out:
        _write(out, neutral_csv(summary))
    if figure:
        _write(figure, attention_bars(summary))
    if as_json:
        named = {path: table.to_dict("index") for path, table in tables.items()}
        rows = summary[["class", "branch", "runs", "median", "deviation"]].to_dict("records")
        click.echo(json.dumps({"over": over, "attention": rows, "runs": named}))
    else:
        _print(summary, over)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise ResourceError(f"{path} cannot be written: {error.strerror}") from error


def _print(summary: pd.DataFrame, over: str) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    runs = int(summary["runs"].iloc[0])
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("class")
    for branch in summary["branch"].unique():
        table.add_column(escape(branch), justify="right")
    for name, rows in summary.groupby("class", sort=False):
        pairs = zip(rows["median"], rows["deviation"], strict=True)
        cells = [f"{median:.3f}" + (f" ± {deviation:.3f}" if runs > 1 else "") for median, deviation in pairs]
        table.add_row(escape(str(name)), *cells)
    console.print(table)
    what = "the branches of a class" if over == "branch" else "the classes of a branch"
    told = f"; median ± mean absolute deviation from it, {runs} models" if runs > 1 else ""
    console.print(f"softmax over {what}{told}", highlight=False, soft_wrap=True)
