"""Choose channels by name, or by position where a recording has no such name."""

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
        Names, or positions from 0.

    Raises
    ------
    DataError
        If one of them is not there.
    """
    positions = []
    for channel in wanted:
        if channel in names:
            positions.append(names.index(channel))
        elif channel.isdecimal() and int(channel) < len(names):
            positions.append(int(channel))
        else:
            raise DataError(f"has no channel {channel!r}; it has {', '.join(names)}")
    return positions
