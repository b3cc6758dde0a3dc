"""``fusionkit data``: fetch public data sets, and look at data before a run."""

from __future__ import annotations

import click

from fusionkit.cli.lazy_group import LazyGroup

COMMANDS = {
    "fetch": "Download, verify and unpack a public data set.",
    "audit": "Look for leaks, copies and confounds.",
    "inspect": "Show what a data set holds, as a table and an HTML page with pictures.",
}


@click.group("data", cls=LazyGroup, known=COMMANDS, home="fusionkit.cli.data_{}", invoke_without_command=True)
@click.pass_context
def data_command(context: click.Context) -> None:
    """Fetch public data sets, and look at data before a run."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
