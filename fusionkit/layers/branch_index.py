"""Which branch an option means."""

from __future__ import annotations

from fusionkit.errors import UsageError


def branch_index(index: int, num_branches: int, owner: str) -> int:
    """Return the position of a branch, counted from the first; a negative index counts from the last.

    Parameters
    ----------
    index : int
        What the user wrote: 0 is the first branch, -1 the last.
    num_branches : int
        Branches of the model.
    owner : str
        How the error names the option, for example ``fuser 'film': option 'modulated'``.

    Raises
    ------
    UsageError
        If there is no such branch.
    """
    if not -num_branches <= index < num_branches:
        raise UsageError(
            f"{owner} is {index}, but the model has {num_branches} branches; "
            f"expected 0 (the first) to {num_branches - 1}, or -1 (the last) to {-num_branches}"
        )
    return index % num_branches
