"""Progress and notes on the terminal: bars where there is one, plain lines where there is none."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from fusionkit.training.progress import EpochDone, StepDone

PLAIN_INTERVAL = 5.0  # seconds between two plain progress lines


class TerminalReporter:
    """Shows a run on stderr, so that stdout holds results only."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[figures]}"),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}
        self._last_plain = time.monotonic()
        self._plain_tasks: set[str] = set()

    def __enter__(self) -> TerminalReporter:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def note(self, text: str) -> None:
        """Print one line."""
        self._console.print(escape(text), highlight=False, soft_wrap=True)

    def progress(self, task: str, done: int, total: int) -> None:
        """Move the bar of a task; without a terminal, a line when it has taken a while."""
        self._move(task, done, total, "")
        if self._console.is_terminal:
            return
        now = time.monotonic()
        waited = now - self._last_plain >= PLAIN_INTERVAL
        if waited or (done == total and task in self._plain_tasks):
            self._last_plain = now
            self._plain_tasks.add(task)
            self.note(f"{task}: {done} of {total}")

    def training(self, event: StepDone | EpochDone) -> None:
        """Move the bar of a stage, and print a line for every epoch."""
        if isinstance(event, StepDone):
            task = f"stage {event.stage}"
            done = (event.epoch - 1) * event.steps + event.step
            self._move(task, done, event.epochs * event.steps, f"epoch {event.epoch}  loss {event.loss:.4f}")
            return
        best = " (best)" if event.best_epoch == event.epoch else ""
        losses = f"loss {event.train_loss:.4f}  validation loss {event.validation_loss:.4f}"
        figure = f"validation {event.monitor} {event.value:.4f}{best}"
        self.note(f"stage {event.stage}  epoch {event.epoch:3d}  {losses}  {figure}  {event.seconds:.1f} s")

    def _move(self, task: str, done: int, total: int, figures: str) -> None:
        if task not in self._tasks:
            for finished in self._tasks.values():
                self._progress.update(finished, visible=False)
            self._tasks[task] = self._progress.add_task(escape(task), total=total, figures=figures)
        self._progress.update(self._tasks[task], completed=done, total=total, figures=figures, visible=done < total)
