"""Who may ask a training to stop."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Protocol


class Interrupt(Protocol):
    """Asks a training to stop; the command line makes one of signals."""

    def requested(self) -> bool:
        """Return whether the training is to stop."""

    def deferred(self) -> AbstractContextManager[None]:
        """Return a context in which a request only waits to be asked for; elsewhere it may raise KeyboardInterrupt."""


class Uninterrupted:
    """Never asks a training to stop."""

    def requested(self) -> bool:
        """Return False."""
        return False

    @contextlib.contextmanager
    def deferred(self) -> Iterator[None]:
        """Return a context that changes nothing."""
        yield
