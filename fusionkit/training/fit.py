"""The stage loop: it knows stages, and neither fusers nor branches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from fusionkit.errors import FusionkitError, PluginError, ResourceError, UsageError
from fusionkit.interfaces import Stage
from fusionkit.model.seeding import own_randomness
from fusionkit.training.batches import Part
from fusionkit.training.checkpoints import Checkpoints
from fusionkit.training.plan import PlannedStage
from fusionkit.training.progress import EpochDone
from fusionkit.training.settings import TrainingSettings
from fusionkit.training.stage_loop import train_stage
from fusionkit.training.stage_state import new_stage
from fusionkit.training.team_inference import run_in_team
from fusionkit.training.training import Training

MakeParts = Callable[[TrainingSettings], tuple[Part, Part]]


@dataclass(frozen=True)
class Trained:
    """What a training tells.

    Parameters
    ----------
    history : list of EpochDone
        A row an epoch.
    scores : list of dict
        What `Training.score_epoch` returned.
    seconds_before : float
        Time that was spent before the training was resumed.
    """

    history: list[EpochDone]
    scores: list[dict[str, object]]
    seconds_before: float


def fit(training: Training, make_parts: MakeParts) -> Trained:
    """Train all stages and leave the chosen weights of each in the model.

    A stage ends after its epochs, or earlier when its patience is used up; it then has the weights of its best epoch
    or, where the settings say so, of its last. A training whose state was saved goes on from there, to the same bits.

    Parameters
    ----------
    training : Training
        Model, stages and their settings.
    make_parts : callable
        Maps the settings of a stage to what it learns from, and what chooses its best epoch.

    Raises
    ------
    RunError
        If the loss is no longer a finite number.
    StoppedError
        If somebody asked the training to stop; its state is saved.
    """
    checkpoints = Checkpoints(training)
    # What a component made without gradient, for example pretrained weights, stays as it is.
    fixed = [parameter for parameter in training.model.parameters() if not parameter.requires_grad]
    with training.team.contact(training.keep.interrupt.requested):
        checkpoints.load()
    if not checkpoints.done:
        with own_randomness(training.team.seed(training.seed)):
            for place, planned in enumerate(training.plan):
                if place >= checkpoints.resumed_at:
                    _fit_stage(training, place, planned, make_parts, checkpoints)
        checkpoints.finish()
    freeze_all_but(training.model, (training.model,))
    for parameter in fixed:
        parameter.requires_grad_(False)
    training.model.eval()
    return Trained(checkpoints.history, checkpoints.scores, checkpoints.seconds_before)


def _fit_stage(
    training: Training, place: int, planned: PlannedStage, make_parts: MakeParts, checkpoints: Checkpoints
) -> None:
    freeze_all_but(training.model, ())
    for parameter in planned.parameters:
        parameter.requires_grad_(True)
    with _named_failures(planned.stage), training.team.contact(training.keep.interrupt.requested):
        train, validation = (_stage_part(training, planned, part) for part in make_parts(planned.settings))
        if len(train) < training.team.size:
            raise UsageError(f"{len(train)} windows cannot be shared by {training.team.size} processes; start fewer")
        stage = new_stage(planned)
        checkpoints.begin(place, stage)
        with training.keep.interrupt.deferred():
            train_stage(training, stage, train, validation, checkpoints)


@contextmanager
def _named_failures(stage: Stage) -> Iterator[None]:
    """Say which stage failed, and of what: memory, or a component."""
    try:
        yield
    except FusionkitError:
        raise
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise ResourceError(f"stage {stage.name!r} ran out of memory; lower --batch-size") from error
    except RuntimeError as error:
        if "allocate memory" in str(error):
            raise ResourceError(f"stage {stage.name!r} ran out of memory; lower --batch-size") from error
        if type(error).__module__.startswith(("torch._dynamo", "torch._inductor")):
            fault = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
            raise ResourceError(
                f"stage {stage.name!r}: torch.compile failed: {fault.strip()}; leave --compile out, or install what "
                "it needs: a C++ compiler for a CPU, Triton for a GPU"
            ) from error
        raise PluginError(f"stage {stage.name!r} failed in a component: {error}") from error
    except Exception as error:
        raise PluginError(f"stage {stage.name!r} failed in a component: {type(error).__name__}: {error}") from error


def freeze_all_but(model: nn.Module, modules: Sequence[nn.Module]) -> None:
    """Let only these modules learn: the rest has no gradient and is in eval mode, BatchNorm statistics included."""
    model.eval().requires_grad_(False)
    for module in modules:
        module.train().requires_grad_(True)


def _stage_part(training: Training, planned: PlannedStage, part: Part) -> Part:
    """Compute what the frozen modules give, once for all epochs."""
    if planned.stage.frozen is None:
        return part
    training.model.eval()
    inputs = run_in_team(
        training.team,
        planned.stage.frozen,
        part.inputs,
        part.rows,
        batch_size=planned.settings.batch_size,
        device=training.device,
        precision=training.precision,
    )
    return Part(inputs, np.arange(len(part)), part.targets, part.weights)
