"""What a file says of its signal, and how files of one kind are read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

FULL_SCALE = "full scale"
"""The unit of sound files: integer samples are shares of the largest that the format can hold."""


@dataclass(frozen=True)
class SignalHeader:
    """What a file says of itself.

    Parameters
    ----------
    channels, samples : int
        Channels, and samples a channel.
    sample_rate : float
        Samples a second, in Hz.
    channel_names : tuple of str
        Positions from 0 where the file has no names.
    units : tuple of str
        Unit of every channel as it is read; voltages are read in mV, sound files in `FULL_SCALE`. Empty: not known.
    notes : tuple of str
        What the reader converted or had to assume, for example ``channel V5: uV converted to mV``.
    """

    channels: int
    samples: int
    sample_rate: float
    channel_names: tuple[str, ...]
    units: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Declared:
    """What the manifest says of a file that cannot say it itself.

    Parameters
    ----------
    sample_rate : float, optional
        In Hz; a file that states its own must agree.
    variable : str, optional
        Which variable of a .mat or .npz holds the signal.
    """

    sample_rate: float | None = None
    variable: str | None = None


NOTHING_DECLARED = Declared()


class Reader(Protocol):
    """How files with one suffix are read."""

    def header(self, path: Path, declared: Declared) -> SignalHeader:
        """Return the header, after checking it strictly against the size of the file and before any allocation."""

    def samples(self, path: Path, declared: Declared, start: int, stop: int) -> NDArray[np.float32]:
        """Return samples [channel, time] from ``start`` up to ``stop``; fewer where the file ends early."""
