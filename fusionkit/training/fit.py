"""The stage loop: it knows stages, and neither fusers nor branches."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from fusionkit.errors import FusionkitError, PluginError, ResourceError
from fusionkit.interfaces import Stage
from fusionkit.model.inference import run_in_batches
from fusionkit.model.seeding import own_randomness
from fusionkit.training.batches import Part, epoch_order
from fusionkit.training.early_stopping import EarlyStopping
from fusionkit.training.epochs import train_epoch, validate
from fusionkit.training.optimizers import make_optimizer, make_schedule
from fusionkit.training.plan import PlannedStage
from fusionkit.training.progress import EpochDone
from fusionkit.training.settings import TrainingSettings
from fusionkit.training.training import Training

MakeParts = Callable[[TrainingSettings], tuple[Part, Part]]


def fit(training: Training, make_parts: MakeParts) -> list[EpochDone]:
    """Train all stages and leave the chosen weights of each in the model.

    A stage ends after its epochs, or earlier when its patience is used up; it then has the weights of its best epoch
    or, where the settings say so, of its last.

    Parameters
    ----------
    training : Training
        Model, stages and their settings.
    make_parts : callable
        Maps the settings of a stage to what it learns from, and what chooses its best epoch.

    Returns
    -------
    list of EpochDone
        The history.

    Raises
    ------
    RunError
        If the loss is no longer a finite number.
    """
    history: list[EpochDone] = []
    # What a component made without gradient, for example pretrained weights, stays as it is.
    fixed = [parameter for parameter in training.model.parameters() if not parameter.requires_grad]
    with own_randomness(training.seed):
        for planned in training.plan:
            freeze_all_but(training.model, ())
            for parameter in planned.parameters:
                parameter.requires_grad_(True)
            with _named_failures(planned.stage):
                train, validation = (_stage_part(training, planned, part) for part in make_parts(planned.settings))
                history += _fit_stage(training, planned, train, validation)
    freeze_all_but(training.model, (training.model,))
    for parameter in fixed:
        parameter.requires_grad_(False)
    training.model.eval()
    return history


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
    inputs = run_in_batches(
        planned.stage.frozen,
        part.inputs,
        part.rows,
        batch_size=planned.settings.batch_size,
        device=training.device,
        precision=training.precision,
    )
    return Part(inputs, np.arange(len(part)), part.targets, part.weights)


def _fit_stage(training: Training, planned: PlannedStage, train: Part, validation: Part) -> list[EpochDone]:
    settings, name = planned.settings, planned.stage.name
    learning = nn.ModuleList(planned.stage.modules)
    optimizer = make_optimizer(planned.parameters, settings)
    schedule = make_schedule(optimizer, settings)
    stopping = EarlyStopping(settings.monitor != "loss", settings.patience, settings.ties == "first")
    is_last = planned is training.plan[-1]
    history: list[EpochDone] = []
    best: dict[str, Tensor] | None = None
    for epoch in range(1, settings.epochs + 1):
        start = time.perf_counter()
        order = epoch_order(len(train), training.seed, planned.number, epoch)
        train_loss = train_epoch(training, planned, epoch, train, order, optimizer)
        validation_loss, value = validate(training, planned, epoch, validation)
        if schedule:
            schedule.step(validation_loss)
        is_best = stopping.update(value, validation_loss)
        if is_best and settings.selection == "best":
            best = {key: tensor.clone() for key, tensor in learning.state_dict().items()}
        if is_last and is_best and settings.selection == "best":
            training.save("best")
        training.save("last")
        seconds = time.perf_counter() - start
        done = EpochDone(
            name,
            epoch,
            train_loss,
            validation_loss,
            settings.monitor,
            value,
            stopping.best_value,
            stopping.best_epoch,
            seconds,
        )
        history.append(done)
        training.observe(done)
        if is_last:
            training.after_epoch(epoch)
        if stopping.exhausted:
            break
    if best is not None:
        learning.load_state_dict(best)
    elif is_last:
        training.save("best")  # what the stage ends with is what a run folder is read from
    return history
