"""How much an archive may hold."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """How much an archive may hold.

    Parameters
    ----------
    entries : int
        Files and folders.
    size : int
        Bytes of all files together.
    ratio : int
        Bytes of a file, and of all together, for a byte of the archive.
    small : int
        Bytes up to which no ratio is judged.
    """

    entries: int = 200_000
    size: int = 60 * 10**9
    ratio: int = 200
    small: int = 100 * 10**6


LIMITS = Limits()
