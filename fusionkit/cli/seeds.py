"""Seeds on the command line."""

from __future__ import annotations

from fusionkit.errors import UsageError

MAX_SEEDS = 1000


def parse_seeds(text: str) -> list[int]:
    """Return the seeds that ``0-4`` or ``0,3,7`` names.

    Raises
    ------
    UsageError
        If the text is neither, names a seed twice, or names too many.
    """
    try:
        if "-" in text:
            first, last = (int(part) for part in text.split("-"))
            chosen = list(range(first, min(last, first + MAX_SEEDS) + 1))
        else:
            chosen = [int(part) for part in text.split(",")]
    except ValueError:
        chosen = []
    if not 0 < len(chosen) <= MAX_SEEDS or len(set(chosen)) != len(chosen):
        raise UsageError(
            f"--seeds {text!r}; expected up to {MAX_SEEDS} different whole numbers, for example 0-4 or 0,3,7"
        )
    return chosen
