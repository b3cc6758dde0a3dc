"""What an audit found, as tables, as JSON and as lines of text."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from fusionkit.data.audit.label_conflicts import Copies
from fusionkit.data.audit.leaks import Leak


@dataclass(frozen=True)
class Audit:
    """What an audit found.

    Parameters
    ----------
    support : DataFrame
        Recordings, subjects and databases a class.
    databases : DataFrame or None
        ``database`` and the recordings of every class.
    parts : DataFrame or None
        ``fold``, ``split`` and the recordings of every class.
    leaks : tuple of Leak
        What stands in two parts.
    copies : tuple of Copies
        Identical recordings.
    near : DataFrame or None
        Pairs of near-duplicates; None where they were not looked for.
    conflicts : tuple of Copies
        Copies with different labels.
    confounds : DataFrame
        How well each factor predicts the label.
    floors : DataFrame or None
        How well each factor, learned on the training part, predicts the test part.
    record_wise : bool
        No subject is known, so that one person may stand in two parts unnoticed.
    warnings : tuple of str
        What a person should know, a line each.
    """

    support: pd.DataFrame
    databases: pd.DataFrame | None
    parts: pd.DataFrame | None
    leaks: tuple[Leak, ...]
    copies: tuple[Copies, ...]
    near: pd.DataFrame | None
    conflicts: tuple[Copies, ...]
    confounds: pd.DataFrame
    floors: pd.DataFrame | None
    record_wise: bool
    warnings: tuple[str, ...]

    @property
    def floor(self) -> list[dict[str, Any]]:
        """Best factor by AUC and best by modified accuracy on the test part, all folds together; one where they agree.

        Each has ``factor``, ``auc`` and ``modified_accuracy`` (None where it is not defined).
        """
        if self.floors is None or self.floors.empty:
            return []
        rows = self.floors[self.floors["fold"] == "all"] if "all" in set(self.floors["fold"]) else self.floors
        best = {}
        for figure in ("auc", "modified_accuracy"):
            for row in rows.dropna(subset=figure).nlargest(1, figure).to_dict("records"):
                best[str(row["factor"])] = {name: _plain(row[name]) for name in ("factor", "auc", "modified_accuracy")}
        return list(best.values())

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON knows it; what is not a number becomes None."""
        tables = {
            name: _rows(getattr(self, name))
            for name in ("support", "databases", "parts", "near", "confounds", "floors")
        }
        listings = {name: [asdict(item) for item in getattr(self, name)] for name in ("leaks", "copies", "conflicts")}
        return (
            tables | listings | {"floor": self.floor, "record_wise": self.record_wise, "warnings": list(self.warnings)}
        )

    def lines(self, most: int = 20) -> tuple[str, ...]:
        """Return the audit as lines of text, at most so many of one kind."""
        text = [_table_line(row) for row in _rows(self.support) or []]
        text += [_table_line(row) for table in (self.databases, self.parts) for row in _rows(table) or []]
        text += _capped([f"leak: {leak}" for leak in self.leaks], most)
        text += _capped([f"label conflict: {copies}" for copies in self.conflicts], most)
        text += _capped([f"{copies}" for copies in self.copies], most)
        near = [
            f"near-duplicates: {row['a']} and {row['b']}, similarity {row['similarity']:.4f}, "
            f"lag {row['lag_s']:.3f} s, gain {row['gain']:.3g}"
            for row in _rows(self.near) or []
        ]
        text += _capped(near, most)
        for row in _rows(self.confounds) or []:
            scores = (
                ""
                if row["auc"] is None
                else f"AUC {row['auc']:.2f}, modified accuracy {row['modified_accuracy']:.2f} in cross-validation "
                f"({row['in_sample_auc']:.2f}, {row['in_sample_modified_accuracy']:.2f} in-sample); "
            )
            text.append(f"{row['factor']} alone: {scores}{row['detail']}")
        text += [f"floor on the test part: {floor_text(row)}" for row in self.floor]
        return (*text, *(f"warning: {line}" for line in self.warnings))


def floor_text(row: Mapping[str, Any]) -> str:
    """Return what a factor alone reaches on the test part, in words."""
    auc, accuracy = ("n/a" if row[name] is None else f"{row[name]:.2f}" for name in ("auc", "modified_accuracy"))
    return f"{row['factor']} alone, AUC {auc}, modified accuracy {accuracy}"


def _rows(table: pd.DataFrame | None) -> list[dict[str, Any]] | None:
    if table is None:
        return None
    return [{str(key): _plain(value) for key, value in row.items()} for row in table.to_dict("records")]


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _table_line(row: dict[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in row.items())


def _capped(text: list[str], most: int) -> list[str]:
    return text[:most] + ([f"... and {len(text) - most} more of these"] if len(text) > most else [])
