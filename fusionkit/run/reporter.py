"""What a run tells whoever watches it; the command line prints it, a library call is silent."""

from __future__ import annotations

from typing import Protocol

from fusionkit.training.progress import EpochDone, StepDone


class Reporter(Protocol):
    """Who is told how a run goes on."""

    def note(self, text: str) -> None:
        """Take one line that the user should read."""

    def progress(self, task: str, done: int, total: int) -> None:
        """Take how much of a task is done."""

    def training(self, event: StepDone | EpochDone) -> None:
        """Take a step or an epoch of training."""


class SilentReporter:
    """Says nothing."""

    def note(self, text: str) -> None:
        """Ignore a line."""

    def progress(self, task: str, done: int, total: int) -> None:
        """Ignore progress."""

    def training(self, event: StepDone | EpochDone) -> None:
        """Ignore a step or an epoch."""
