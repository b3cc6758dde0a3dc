"""What training tells whoever watches it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class StepDone:
    """One step is done: where training stands and the mean loss of the epoch so far."""

    stage: str
    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float


@dataclass(frozen=True)
class EpochDone:
    """One epoch is done.

    Parameters
    ----------
    stage : str
        Stage of training.
    epoch : int
        Number in the stage, from 1.
    train_loss, validation_loss : float
        Mean loss a window, without the losses of single branches.
    monitor : str
        The figure that chooses the best weights.
    value, best_value : float
        Its value in this epoch, and the best so far.
    best_epoch : int
        The epoch of the best value.
    seconds : float
        Time of the epoch.
    gradient_norms : dict of str to float
        L2 norm of the gradient of every encoder that learns, by the name of its branch: the root of the mean square
        over the steps.
    """

    stage: str
    epoch: int
    train_loss: float
    validation_loss: float
    monitor: str
    value: float
    best_value: float
    best_epoch: int
    seconds: float
    gradient_norms: dict[str, float] = field(default_factory=dict)


Observer = Callable[[StepDone | EpochDone], None]
