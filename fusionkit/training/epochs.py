"""One epoch of a stage: a pass over the training part, and a look at the validation part."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

import numpy as np
import torch
from torch import Tensor, nn

from fusionkit.errors import RunError
from fusionkit.model.inference import probabilities
from fusionkit.model.read_ahead import read_ahead
from fusionkit.training.batches import Batch, Part, epoch_order, split_batches
from fusionkit.training.branch_step import lost_branches, squared_gradients
from fusionkit.training.checkpoints import Checkpoints
from fusionkit.training.loss import batch_loss, loss_weight, sample_losses
from fusionkit.training.progress import StepDone
from fusionkit.training.settings import TrainingSettings
from fusionkit.training.stage_state import StageState
from fusionkit.training.team import Team
from fusionkit.training.team_inference import run_in_team
from fusionkit.training.training import Training


def train_epoch(
    training: Training, stage: StageState, network: nn.Module, train: Part, checkpoints: Checkpoints
) -> float:
    """Take the steps of the epoch under way that are left and return the mean loss; errors as in `fit`."""
    team = training.team
    planned, settings, name = stage.planned, stage.planned.settings, stage.planned.stage.name
    planned.train_mode()
    order = epoch_order(len(train), training.seed, planned.number, stage.epoch)
    batches = list(split_batches(order, settings.batch_size, team.size))
    lost = lost_branches(
        len(train),
        len(planned.branches),
        settings.branch_drop_rate,
        seed=training.seed,
        stage=planned.number,
        epoch=stage.epoch,
    )
    left = batches[stage.step :]
    shares = [team.share(chosen) for chosen in left]
    with closing(read_ahead(train.read, shares, training.device)) as reading:
        for step, (chosen, rows, read) in enumerate(zip(left, shares, reading, strict=True), start=stage.step + 1):
            batch = train.batch(rows, read, stage.epoch, training.device)
            without = None if lost is None else torch.from_numpy(lost[rows]).to(training.device)
            with training.autocast():
                logits, own = network(batch.inputs, without)
            loss = batch_loss(training.task, logits.float(), batch, settings.loss_mean)
            whole = loss
            for branch in own:
                whole = whole + settings.branch_loss * batch_loss(
                    training.task, branch.float(), batch, settings.loss_mean
                )
            factor = _factor(team, batch, len(chosen), settings)
            value, total = team.mean(torch.stack((loss.detach(), whole.detach())) * factor)
            if not np.isfinite(total):
                raise RunError(
                    f"stage {name!r}: the loss became {total} in epoch {stage.epoch}, step {step}; lower --lr"
                )
            stage.optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(whole * factor)
            if planned.learning_branches:
                stage.gradients += squared_gradients(planned.learning_branches)
            stage.optimizer.step()
            stage.step, stage.loss, stage.seen = step, stage.loss + value * len(chosen), stage.seen + len(chosen)
            training.observe(StepDone(name, stage.epoch, settings.epochs, step, len(batches), stage.loss / stage.seen))
            checkpoints.after_step()
    return stage.loss / stage.seen


def _factor(team: Team, batch: Batch, count: int, settings: TrainingSettings) -> float:
    """Return what the loss of a share is multiplied by so that the mean over the processes is that of the batch."""
    if team.alone:
        return 1.0
    if settings.loss_mean == "samples":
        return len(batch.targets) * team.size / count
    weight = loss_weight(batch)
    return float(weight) / team.mean(weight[None])[0]


def validate(
    training: Training, stage: StageState, network: nn.Module, validation: Part, checkpoints: Checkpoints
) -> tuple[float, float]:
    """Return the loss on the validation part and the monitored figure; errors as in `fit`."""
    training.team.spread_buffers(network)
    planned, settings = stage.planned.stage, stage.planned.settings
    for module in planned.modules:
        module.eval()

    def logits_of(inputs: Sequence[Tensor]) -> Tensor:
        checkpoints.stop_if_asked()
        return planned.logits(inputs)

    (logits,) = run_in_team(
        training.team,
        logits_of,
        validation.inputs,
        validation.rows,
        batch_size=settings.batch_size,
        device=training.device,
        precision=training.precision,
    )
    losses = sample_losses(training.task, logits, torch.from_numpy(validation.targets))
    loss = float((losses * torch.from_numpy(validation.weights)).mean())
    if not np.isfinite(loss):
        raise RunError(f"stage {planned.name!r}: the validation loss became {loss} in epoch {stage.epoch}; lower --lr")
    if settings.monitor == "loss":
        return training.team.tell((loss, loss))
    value = training.score(settings.monitor, probabilities(training.task, logits), validation.targets)
    return training.team.tell((loss, value))
