"""The stage loop: it knows stages, and neither fusers nor branches."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fusionkit.errors import FusionkitError, PluginError, ResourceError, RunError
from fusionkit.interfaces import Stage, Task
from fusionkit.model.inference import probabilities, run_in_batches
from fusionkit.model.seeding import own_randomness
from fusionkit.training.batches import Part, epoch_order, split_batches
from fusionkit.training.early_stopping import EarlyStopping
from fusionkit.training.loss import batch_loss, sample_losses
from fusionkit.training.optimizers import make_optimizer
from fusionkit.training.progress import EpochDone, Observer, StepDone
from fusionkit.training.settings import TrainingSettings

Score = Callable[[NDArray[np.float64], NDArray[np.int64]], float]


@dataclass(frozen=True)
class Training:
    """Everything that stays the same during a training.

    Parameters
    ----------
    model : nn.Module
        What is trained.
    stages : sequence of Stage
        Its stages, in order.
    task : Task
        What is predicted.
    settings : TrainingSettings
        What the user chose.
    score : callable
        Maps probabilities [window, class] and class numbers to the monitored figure; not called for ``loss``.
    seed : int
        Seed of order, weights and dropout.
    device : torch.device
        Where the model is.
    precision : torch.dtype
        Number format of the step.
    observe : callable
        Is told of every step and epoch.
    save : callable
        Called with ``best`` or ``last`` when the weights of the model are to be kept under that name.
    """

    model: nn.Module
    stages: Sequence[Stage]
    task: Task
    settings: TrainingSettings
    score: Score
    seed: int
    device: torch.device
    precision: torch.dtype
    observe: Observer
    save: Callable[[str], None]


def fit(training: Training, train: Part, validation: Part) -> list[EpochDone]:
    """Train all stages and leave the best weights of each in the model.

    Parameters
    ----------
    training : Training
        Model, stages and settings.
    train, validation : Part
        What is learnt from, and what chooses the best epoch.

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
        for number, stage in enumerate(training.stages):
            freeze_all_but(training.model, stage.modules)
            _freeze(fixed)
            with _named_failures(stage):
                parts = [_stage_part(training, stage, part) for part in (train, validation)]
                history += _fit_stage(training, number, stage, *parts)
    freeze_all_but(training.model, (training.model,))
    _freeze(fixed)
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


def _freeze(parameters: Sequence[nn.Parameter]) -> None:
    for parameter in parameters:
        parameter.requires_grad_(False)


def _stage_part(training: Training, stage: Stage, part: Part) -> Part:
    """Compute what the frozen modules give, once for all epochs."""
    if stage.frozen is None:
        return part
    training.model.eval()
    inputs = run_in_batches(
        stage.frozen,
        part.inputs,
        part.rows,
        batch_size=training.settings.batch_size,
        device=training.device,
        precision=training.precision,
    )
    return Part(inputs, np.arange(len(part)), part.targets, part.weights)


def _fit_stage(training: Training, number: int, stage: Stage, train: Part, validation: Part) -> list[EpochDone]:
    settings = training.settings
    learning = nn.ModuleList(stage.modules)
    optimizer = make_optimizer(learning.parameters(), settings)
    stopping = EarlyStopping(higher_is_better=settings.monitor != "loss", patience=settings.patience)
    history: list[EpochDone] = []
    best: dict[str, Tensor] = {}
    for epoch in range(1, settings.epochs + 1):
        start = time.perf_counter()
        order = epoch_order(len(train), training.seed, number, epoch)
        train_loss = _train_epoch(training, stage, epoch, train, order, optimizer)
        validation_loss, value = _validate(training, stage, epoch, validation)
        if stopping.update(value, validation_loss):
            best = {name: tensor.clone() for name, tensor in learning.state_dict().items()}
            if stage is training.stages[-1]:
                training.save("best")
        training.save("last")
        seconds = time.perf_counter() - start
        done = EpochDone(
            stage.name,
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
        if stopping.exhausted:
            break
    learning.load_state_dict(best)
    return history


def _train_epoch(
    training: Training,
    stage: Stage,
    epoch: int,
    train: Part,
    order: NDArray[np.int64],
    optimizer: torch.optim.Optimizer,
) -> float:
    for module in stage.modules:
        module.train()
    total, seen = 0.0, 0
    batches = list(split_batches(order, training.settings.batch_size))
    for step, chosen in enumerate(batches, start=1):
        batch = train.batch(chosen, epoch, training.device)
        with _autocast(training):
            logits = stage.logits(batch.inputs)
        loss = batch_loss(training.task, logits.float(), batch)
        value = float(loss.detach())
        if not np.isfinite(value):
            raise RunError(f"stage {stage.name!r}: the loss became {value} in epoch {epoch}, step {step}; lower --lr")
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        optimizer.step()
        total, seen = total + value * len(chosen), seen + len(chosen)
        training.observe(StepDone(stage.name, epoch, training.settings.epochs, step, len(batches), total / seen))
    return total / seen


def _validate(training: Training, stage: Stage, epoch: int, validation: Part) -> tuple[float, float]:
    """Return the loss on the validation part and the monitored figure."""
    for module in stage.modules:
        module.eval()
    (logits,) = run_in_batches(
        stage.logits,
        validation.inputs,
        validation.rows,
        batch_size=training.settings.batch_size,
        device=training.device,
        precision=training.precision,
    )
    losses = sample_losses(training.task, logits, torch.from_numpy(validation.targets))
    loss = float((losses * torch.from_numpy(validation.weights)).mean())
    if not np.isfinite(loss):
        raise RunError(f"stage {stage.name!r}: the validation loss became {loss} in epoch {epoch}; lower --lr")
    if training.settings.monitor == "loss":
        return loss, loss
    return loss, training.score(probabilities(training.task, logits), validation.targets)


def _autocast(training: Training) -> torch.autocast:
    enabled = training.precision is torch.bfloat16
    return torch.autocast(training.device.type, torch.bfloat16, enabled=enabled)
