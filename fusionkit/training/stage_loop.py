"""One stage of training: its epochs, and the weights that it ends with."""

from __future__ import annotations

import time

from torch import nn

from fusionkit.training.batches import Part
from fusionkit.training.checkpoints import Checkpoints
from fusionkit.training.epochs import train_epoch, validate
from fusionkit.training.progress import EpochDone
from fusionkit.training.stage_state import StageState
from fusionkit.training.step_network import step_network
from fusionkit.training.training import Training


def train_stage(training: Training, stage: StageState, train: Part, validation: Part, checkpoints: Checkpoints) -> None:
    """Train a stage from where it stands to its end and leave the chosen weights in the model; errors as in `fit`."""
    settings = stage.planned.settings
    is_last = stage.planned is training.plan[-1]
    network = step_network(stage.planned, training.team)
    while stage.epoch <= settings.epochs and not stage.stopping.exhausted:
        _train_epoch(training, stage, network, train, validation, checkpoints)
    if stage.best is not None:
        stage.learning.load_state_dict(stage.best)
    elif is_last:
        training.save("best")  # what the stage ends with is what a run folder is read from


def _train_epoch(
    training: Training,
    stage: StageState,
    network: nn.Module,
    train: Part,
    validation: Part,
    checkpoints: Checkpoints,
) -> None:
    settings, stopping, epoch = stage.planned.settings, stage.stopping, stage.epoch
    is_last = stage.planned is training.plan[-1]
    train_loss = train_epoch(training, stage, network, train, checkpoints)
    validation_loss, value = validate(training, stage, network, validation, checkpoints)
    if stage.schedule:
        stage.schedule.step(validation_loss)
    if stopping.update(value, validation_loss) and settings.selection == "best":
        stage.best = {key: tensor.clone() for key, tensor in stage.learning.state_dict().items()}
        if is_last:
            training.save("best")
    training.save("last")
    done = EpochDone(
        stage.planned.stage.name,
        epoch,
        train_loss,
        validation_loss,
        settings.monitor,
        value,
        stopping.best_value,
        stopping.best_epoch,
        time.perf_counter() - stage.started,
        _gradient_norms(stage),
    )
    checkpoints.history.append(done)
    training.observe(done)
    if is_last and (scores := training.score_epoch(epoch)) is not None:
        checkpoints.scores.append(scores)
    stage.gradients.zero_()
    stage.epoch, stage.step, stage.loss, stage.seen, stage.started = epoch + 1, 0, 0.0, 0, time.perf_counter()
    checkpoints.after_epoch(last=epoch == settings.epochs or stopping.exhausted)


def _gradient_norms(stage: StageState) -> dict[str, float]:
    means = (stage.gradients / stage.step).sqrt().tolist()
    return {branch.name: norm for branch, norm in zip(stage.planned.learning_branches, means, strict=True)}
