"""Lists in a line of text."""

from __future__ import annotations

from collections.abc import Sequence

_LISTED = 20


def listed(names: Sequence[str]) -> str:
    """Return the first 20 names and how many more there are."""
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more
