"""How a training is kept safe."""

from __future__ import annotations

from dataclasses import dataclass, field

from fusionkit.training.checkpoint_every import CheckpointEvery
from fusionkit.training.interrupt import Interrupt, Uninterrupted
from fusionkit.training.state_store import StateStore


@dataclass(frozen=True)
class Safekeeping:
    """How a training is kept safe; by default it is not, as in a short call of the library.

    Parameters
    ----------
    states : StateStore, optional
        Where its state is saved, and where it goes on from.
    every : CheckpointEvery
        How often.
    interrupt : Interrupt
        Who may ask it to stop.
    """

    states: StateStore | None = None
    every: CheckpointEvery = field(default_factory=CheckpointEvery)
    interrupt: Interrupt = field(default_factory=Uninterrupted)
