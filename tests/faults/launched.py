"""The command line in a process of its own, forked from one that has imported all that it needs."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import matplotlib.backends.backend_svg
import torch
import torch._dynamo

from fusionkit.cli import run_command, run_output
from fusionkit.cli.main import main

LONGEST = 120.0  # s that any run may take
WARM = (matplotlib.backends.backend_svg, torch._dynamo, run_command, run_output)
"""What a run imports late: imported here, before the first fork."""


@dataclass(frozen=True)
class Ended:
    """How a run ended: its exit code, negative for a signal, what it said on stderr and stdout, and when."""

    code: int
    said: str
    at: float

    @property
    def last(self) -> str:
        """The last line."""
        return (self.said.splitlines() or [""])[-1]

    @property
    def clean(self) -> bool:
        """Whether an expected failure was told in words."""
        return "Traceback" not in self.said


class Run:
    """The command line in a process group of its own.

    Parameters
    ----------
    arguments : tuple of str
        What follows ``fusionkit``.
    log : Path
        Where it writes what it says.
    disturbed : callable, optional
        Called in the new process before the command.
    """

    def __init__(self, arguments: tuple[str, ...], log: Path, disturbed: Callable[[], None] | None = None) -> None:
        self._log = log
        log.write_bytes(b"")  # a kill may come before the new process opens it
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            code = 99
            try:
                os.setsid()
                file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
                os.dup2(file, 1)
                os.dup2(file, 2)
                torch.set_num_threads(1)
                sys.argv = ["fusionkit", *arguments]
                if disturbed:
                    disturbed()
                main()
            except SystemExit as stop:
                code = int(stop.code or 0)
            except BaseException:
                traceback.print_exc()
            finally:
                with contextlib.suppress(OSError):
                    sys.stdout.flush()
                os._exit(code)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the whole group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def end(self, longest: float = LONGEST) -> Ended:
        """Wait for the end; a run that hangs is killed and has the code -9."""
        latest = time.monotonic() + longest
        while True:
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                break
            if time.monotonic() > latest:
                self.send(signal.SIGKILL)
            time.sleep(0.002)
        at = time.monotonic()
        return Ended(os.waitstatus_to_exitcode(status), self._log.read_text(errors="replace"), at)
