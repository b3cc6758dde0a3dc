"""Trainings that are stopped on purpose."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from fusionkit.training.checkpoint_every import CheckpointEvery

NEVER = CheckpointEvery(seconds=None, epochs=False)


class StopAt:
    """Asks for a stop when it is asked for the n-th time."""

    def __init__(self, number: float) -> None:
        self.left = number

    def requested(self) -> bool:
        self.left -= 1
        return self.left == 0

    @contextlib.contextmanager
    def deferred(self) -> Iterator[None]:
        yield
