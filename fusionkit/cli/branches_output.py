"""What every branch of a model contributes, in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table


def print_branches(rows: Sequence[dict[str, Any]], console: Console) -> None:
    """Print the keep-one and drop-one scores of every branch, a row a fold and branch."""
    several = len({row["fold"] for row in rows}) > 1
    table = Table(box=None, header_style="bold", pad_edge=False)
    if several:
        table.add_column("fold")
    table.add_column(f"{rows[0]['part']} part")
    for heading in ("AUC alone", "without it", "of all", "gradient norm"):
        table.add_column(heading, justify="right")
    for row in rows:
        figures = ["n/a" if row[name] is None else f"{row[name]:.3f}" for name in ("alone", "without", "all")]
        norm = "n/a" if row["gradient_norm"] is None else f"{row['gradient_norm']:.3g}"
        table.add_row(*([escape(row["fold"])] if several else []), escape(row["branch"]), *figures, norm)
    console.print()
    console.print(table)
