"""What the processes of a team do that are not process 0."""

from __future__ import annotations

import sys

from fusionkit.cli.stop_signals import StopSignals
from fusionkit.errors import FusionkitError, RunError, StoppedError
from fusionkit.registry import Registry
from fusionkit.run.assist import assist
from fusionkit.training import memory
from fusionkit.training.checkpoint_every import CheckpointEvery
from fusionkit.training.safekeeping import Safekeeping
from fusionkit.training.team import Team


def assist_quietly(registry: Registry, every: CheckpointEvery, team: Team) -> None:
    """Train along with process 0, which tells what all processes meet; only what this one alone meets is told here."""
    memory.keep_freed_memory()
    try:
        with StopSignals() as signals:
            assist(registry, team, Safekeeping(every=every, interrupt=signals))
    except KeyboardInterrupt:
        sys.exit(StoppedError.exit_code)
    except (StoppedError, RunError) as error:
        team.outlive_leader()
        sys.exit(error.exit_code)
    except FusionkitError as error:
        raise type(error)(f"process {team.rank} of {team.size}: {error.message}", error.details) from error
