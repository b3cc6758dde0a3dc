"""One epoch of a stage: a pass over the training part, and a look at the validation part."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from fusionkit.errors import RunError
from fusionkit.model.inference import probabilities, run_in_batches
from fusionkit.training.batches import Part, split_batches
from fusionkit.training.loss import batch_loss, sample_losses
from fusionkit.training.plan import PlannedStage
from fusionkit.training.progress import StepDone
from fusionkit.training.training import Training


def train_epoch(
    training: Training,
    planned: PlannedStage,
    epoch: int,
    train: Part,
    order: NDArray[np.int64],
    optimizer: torch.optim.Optimizer,
) -> float:
    """Learn from the windows in the order given and return the mean loss; errors as in `fit`."""
    stage, settings = planned.stage, planned.settings
    planned.train_mode()
    total, seen = 0.0, 0
    batches = list(split_batches(order, settings.batch_size))
    for step, chosen in enumerate(batches, start=1):
        batch = train.batch(chosen, epoch, training.device)
        with training.autocast():
            logits = stage.logits(batch.inputs)
        loss = batch_loss(training.task, logits.float(), batch, planned.settings.loss_mean)
        value = float(loss.detach())
        if not np.isfinite(value):
            raise RunError(f"stage {stage.name!r}: the loss became {value} in epoch {epoch}, step {step}; lower --lr")
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        optimizer.step()
        total, seen = total + value * len(chosen), seen + len(chosen)
        training.observe(StepDone(stage.name, epoch, settings.epochs, step, len(batches), total / seen))
    return total / seen


def validate(training: Training, planned: PlannedStage, epoch: int, validation: Part) -> tuple[float, float]:
    """Return the loss on the validation part and the monitored figure; errors as in `fit`."""
    stage, settings = planned.stage, planned.settings
    for module in stage.modules:
        module.eval()
    (logits,) = run_in_batches(
        stage.logits,
        validation.inputs,
        validation.rows,
        batch_size=settings.batch_size,
        device=training.device,
        precision=training.precision,
    )
    losses = sample_losses(training.task, logits, torch.from_numpy(validation.targets))
    loss = float((losses * torch.from_numpy(validation.weights)).mean())
    if not np.isfinite(loss):
        raise RunError(f"stage {stage.name!r}: the validation loss became {loss} in epoch {epoch}; lower --lr")
    if settings.monitor == "loss":
        return loss, loss
    return loss, training.score(settings.monitor, probabilities(training.task, logits), validation.targets)
