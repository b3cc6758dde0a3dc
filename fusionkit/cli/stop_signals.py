"""Signals that end a run so that it can be resumed."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import Any

NAMES = ("SIGINT", "SIGTERM", "SIGUSR1")


class StopSignals:
    """While it is entered, a first signal asks for a stop, and a second one ends the process at once.

    Where the run defers requests, as training does, the first only sets a flag; elsewhere it raises KeyboardInterrupt.
    """

    def __init__(self) -> None:
        self._requested = self._deferred = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> StopSignals:
        for number in (getattr(signal, name) for name in NAMES if hasattr(signal, name)):
            self._before[number] = signal.signal(number, self._take)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def requested(self) -> bool:
        """Return whether a signal came."""
        return self._requested

    @contextlib.contextmanager
    def deferred(self) -> Iterator[None]:
        """Return a context in which a signal only sets the flag."""
        self._deferred = True
        try:
            yield
        finally:
            self._deferred = False
        if self._requested:
            raise KeyboardInterrupt

    def _take(self, number: int, frame: FrameType | None) -> None:
        if self._requested:
            os._exit(128 + number)
        self._requested = True
        if not self._deferred:
            raise KeyboardInterrupt
