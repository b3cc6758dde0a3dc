"""What a training step calls: the stage, compiled where asked for, shared by the processes of a team."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from fusionkit.errors import UsageError
from fusionkit.training.branch_step import stage_logits
from fusionkit.training.plan import PlannedStage
from fusionkit.training.team import Team


class StepNetwork(nn.Module):
    """A stage as a module, whose parameters are those of all that the stage holds.

    Parameters
    ----------
    planned : PlannedStage
        The stage.
    """

    def __init__(self, planned: PlannedStage) -> None:
        super().__init__()
        self.held = nn.ModuleList(planned.stage.modules)
        stage, settings = planned.stage, planned.settings
        # A kernel a shape: one of changing shapes would depend on which shapes came before, and so on where a run
        # was resumed.
        self._stage = replace(stage, logits=torch.compile(stage.logits, dynamic=False)) if settings.compile else stage
        self._branches, self._own = planned.branches, settings.branch_loss > 0

    def forward(self, inputs: Sequence[Tensor], lost: Tensor | None) -> tuple[Tensor, list[Tensor]]:
        """Return logits and those of every branch, as `stage_logits` does."""
        return stage_logits(self._stage, self._branches, inputs, own=self._own, lost=lost)


def step_network(planned: PlannedStage, team: Team) -> nn.Module:
    """Return what the steps of a stage call; in a team its gradients are the means over the processes."""
    network = StepNetwork(planned)
    if team.alone:
        return network
    # Without the search for parameters that a step does not use, DDP regroups gradients after the first step. Sums of
    # three and more processes then have other bits after a resume.
    return nn.parallel.DistributedDataParallel(network, find_unused_parameters=True)


def check_step(plan: Sequence[PlannedStage], team: Team) -> None:
    """Check that every stage can take its steps, before anything is trained.

    Raises
    ------
    UsageError
        If a batch has fewer windows than there are processes, or a setting does not go with ``compile``.
    """
    for planned in plan:
        settings, name = planned.settings, planned.stage.name
        if settings.batch_size < team.size:
            raise UsageError(
                f"stage {name!r}: a batch of {settings.batch_size} cannot be shared by {team.size} processes; raise "
                "--batch-size or start fewer"
            )
        if settings.compile and (settings.branch_loss or settings.branch_drop_rate):
            option = "branch_loss" if settings.branch_loss else "branch_drop_rate"
            raise UsageError(f"stage {name!r}: compile does not go with {option}, which watches encoders; leave one")
