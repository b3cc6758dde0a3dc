"""What a run that ends early tells, and what it leaves."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fusionkit.errors import FusionkitError, ResourceError, RunError, StoppedError
from fusionkit.run.run_folder import CHECKPOINTS, SPLIT, STATE, RunFolder
from fusionkit.training.checkpoint import MANIFEST
from fusionkit.training.interrupt import Interrupt
from fusionkit.training.team import ALONE, Team


def resume_command(folder: Path, team: Team = ALONE) -> str:
    """Return the command that goes on with a run, with as many processes."""
    return f"{team.command} run --resume {shlex.quote(str(folder))}"


@contextmanager
def told_failures(folder: RunFolder, interrupt: Interrupt, team: Team = ALONE, *, fresh: bool) -> Iterator[None]:
    """Say how a run that ends early goes on; one that was refused before it learned anything leaves no folder.

    Parameters
    ----------
    folder : RunFolder
        The folder of the run.
    interrupt : Interrupt
        Tells whether somebody asked for the end.
    team : Team
        The processes that the run goes on with.
    fresh : bool
        Whether the run has just begun, so that its folder is of use to nobody when the run is refused.
    """
    try:
        yield
    except (StoppedError, KeyboardInterrupt) as stop:
        if isinstance(stop, KeyboardInterrupt) and not interrupt.requested():
            raise
        raise StoppedError(f"stopped; go on with: {resume_command(folder.path, team)}") from stop
    except FusionkitError as error:
        resumable = isinstance(error, ResourceError) and (folder.path / SPLIT).is_file()
        if fresh and not resumable and not _trained(folder.path):
            folder.remove()
            raise
        if resumable:
            command = resume_command(folder.path, team)
            raise ResourceError(f"{error.message}; go on with: {command}", error.details) from error
        last = max(folder.path.glob(f"{CHECKPOINTS}/**/last/{MANIFEST}"), key=_time, default=None)
        if isinstance(error, RunError) and last:
            raise RunError(f"{error.message}; the last good weights: {last.parent}", error.details) from error
        raise


def _trained(folder: Path) -> bool:
    return any(next(folder.glob(f"{place}/**/{MANIFEST}"), None) for place in (CHECKPOINTS, STATE))


def _time(path: Path) -> float:
    return path.stat().st_mtime
