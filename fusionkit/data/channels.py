"""Choose channels by name, never by their place in a file."""

from __future__ import annotations

from collections.abc import Sequence

from fusionkit.errors import DataError


def channel_positions(names: Sequence[str], wanted: Sequence[str]) -> list[int]:
    """Return where the wanted channels stand among the names.

    Parameters
    ----------
    names : sequence of str
        Channels of a recording, in the order of the file.
    wanted : sequence of str
        Names. The channels of a file that has no names are called 0, 1, ...

    Raises
    ------
    DataError
        If one of them is not there.
    """
    positions = []
    for channel in wanted:
        if channel in names:
            positions.append(names.index(channel))
        else:
            raise DataError(f"has no channel {channel!r}; it has {', '.join(names)}")
    return positions
