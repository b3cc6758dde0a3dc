"""Cells that a spreadsheet would take for a formula, written so that it does not and read back as they were."""

from __future__ import annotations

import re

import pandas as pd

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def neutral(text: str) -> str:
    """Return a text with an apostrophe before it where a spreadsheet would run it (CWE-1236); numbers stay."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def restored(text: str) -> str:
    """Undo `neutral`."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def neutral_csv(table: pd.DataFrame) -> str:
    """Return a table as CSV, with numbers that read back to the same bits and texts that no spreadsheet runs."""
    safe = table.rename(columns=lambda name: neutral(str(name)))
    for column in safe.columns:
        if safe[column].dtype == object or pd.api.types.is_string_dtype(safe[column]):
            safe[column] = [neutral(cell) if isinstance(cell, str) else cell for cell in safe[column]]
    return safe.to_csv(index=False, lineterminator="\n")


def restored_table(table: pd.DataFrame) -> pd.DataFrame:
    """Undo what `neutral_csv` did to a table of texts."""
    return table.rename(columns=lambda name: restored(str(name))).map(restored)
