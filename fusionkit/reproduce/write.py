"""A table as markdown, CSV and LaTeX."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from fusionkit.data.csv_cells import neutral_csv
from fusionkit.errors import ResourceError
from fusionkit.reproduce.tables import Comparison, Figure

_TEX = {
    "\\": r"\textbackslash{}",
    "±": r"$\pm$",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    ">": "$>$",
    "<": "$<$",
    ">=": r"$\geq$",
    "<=": r"$\leq$",
    "-": "$-$",
}
_SPECIAL = re.compile(r"[<>]=?|[\\±~^]|(?<![\w.-])-(?=\.?\d)|([&%$#_{}])")
"""What TeX would read in another way; a minus is one where a number follows and no word or number stands before."""


def write_tables(comparison: Comparison, folder: Path) -> tuple[Path, ...]:
    """Write the table as NAME.md, NAME.csv and NAME.tex: tables of a paper share a folder and its runs.

    Raises
    ------
    ResourceError
        If the folder cannot be written.
    """
    forms = {".md": markdown, ".csv": csv, ".tex": latex}
    texts = {f"{comparison.name}{suffix}": form(comparison) for suffix, form in forms.items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise ResourceError(f"{error.filename or folder} cannot be written: {error.strerror}") from error
    return tuple(folder / name for name in texts)


def cells(comparison: Comparison) -> tuple[list[str], list[list[str]]]:
    """Return headings and rows: model, own runs, and of every column the published and the own figure."""
    headings = ["model", "own runs"]
    for column in comparison.columns:
        headings += [f"{column}, published", f"{column}, own"]
    rows = []
    for row in comparison.rows:
        texts = [row.name, str(row.runs)]
        for column in comparison.columns:
            texts += [_published(row.published.get(column), comparison.decimals)]
            texts += [_own(row.own.get(column), comparison.decimals)]
        rows.append(texts)
    return headings, rows


def remarks(comparison: Comparison) -> list[str]:
    """Return the lines below a table: what the spread is, what differs, and cautions."""
    differing = [f"differs from the paper: {line}" for line in comparison.differences]
    lines = [*comparison.notes, *(differing or ["differs from the paper: nothing that is known"]), *comparison.cautions]
    return [" ".join(line.split()) for line in lines]


def markdown(comparison: Comparison) -> str:
    """Return the table as markdown."""
    headings, rows = cells(comparison)
    escaped = [[text.replace("|", r"\|") for text in row] for row in (headings, *rows)]
    lines = [f"| {' | '.join(row)} |" for row in escaped]
    lines.insert(1, f"|{' --- |' * 2}{' ---: |' * (len(headings) - 2)}")
    head = [f"# {comparison.title}", "", *(f"**{stamp}**\n" for stamp in comparison.stamps)]
    return "\n".join([*head, *lines, "", *(f"- {line}" for line in remarks(comparison))]) + "\n"


def csv(comparison: Comparison) -> str:
    """Return the table as CSV with a row a figure, in full precision."""
    stamp = "; ".join(comparison.stamps)
    rows = [
        {
            "model": row.name,
            "figure": column,
            "published": published.value if published else None,
            "published_spread": published.spread if published else None,
            "published_runs": published.runs if published else None,
            "published_erratum": bool(published and published.erratum),
            "own": own.value if own else None,
            "own_spread": own.spread if own else None,
            "own_runs": own.runs if own else 0,
            "stamp": stamp,
        }
        for row in comparison.rows
        for column in comparison.columns
        for published, own in [(row.published.get(column), row.own.get(column))]
    ]
    return neutral_csv(pd.DataFrame(rows))


def latex(comparison: Comparison) -> str:
    """Return the table as LaTeX, for the package booktabs."""
    _, rows = cells(comparison)
    columns = comparison.columns
    spans = " & ".join(rf"\multicolumn{{2}}{{c}}{{{_escaped(column)}}}" for column in columns)
    lines = [
        *(rf"% {stamp}" for stamp in comparison.stamps),
        r"\begin{table}",
        rf"\caption{{{_escaped('. '.join([*comparison.stamps, comparison.title, *comparison.notes]))}}}",
        rf"\begin{{tabular}}{{lr{'rr' * len(columns)}}}",
        r"\toprule",
        rf" & & {spans} \\",
        rf"model & runs{' & published & own' * len(columns)} \\",
        r"\midrule",
        *(rf"{' & '.join(map(_escaped, row))} \\" for row in rows),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
        *(f"% {line}" for line in remarks(comparison)),
    ]
    return "\n".join(lines) + "\n"


def _own(figure: Figure | None, decimals: int) -> str:
    if figure is None:
        return "n/a"
    spread = "" if figure.spread is None else f" ± {figure.spread:.{decimals}f}"
    return f"{figure.value:.{decimals}f}{spread}"


def _published(figure: Figure | None, decimals: int) -> str:
    """Return a published figure with two decimals or as many as it was printed with."""
    if figure is None:
        return "n/a"
    known = [value for value in (figure.value, figure.spread) if value is not None]
    digits = max(2, *(len(repr(value).partition(".")[2]) for value in known))
    return _own(figure, min(digits, decimals)) + (" (erratum)" if figure.erratum else "")


def _escaped(text: str) -> str:
    plain = _SPECIAL.sub(lambda found: f"\\{found[1]}" if found[1] else _TEX[found[0]], text)
    return plain.replace("\n", " ")
