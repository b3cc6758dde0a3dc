"""Early stopping: which epoch was the best, and when to give up."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass
class EarlyStopping:
    """Follows one figure over the epochs.

    Of equal values the one with the lower loss is the best, else the first: a small validation part gives the same
    figure in many epochs (an AUC of 1, say), of which the first is rarely the one that has learnt most. An equal value
    never extends the patience.

    Parameters
    ----------
    higher_is_better : bool
        False for a loss.
    patience : int
        Epochs without a better value before `exhausted`; 0 = never.
    first_of_equals : bool
        Whether the first of equal values is the best, whatever its loss.
    """

    higher_is_better: bool
    patience: int
    first_of_equals: bool = False
    best_epoch: int = 0
    best_value: float = math.nan
    best_loss: float = math.inf
    epoch: int = 0
    last_gain: int = 0

    def update(self, value: float, loss: float) -> bool:
        """Take the next epoch and return whether it is the best so far (NaN never is, but in epoch 1)."""
        self.epoch += 1
        better = value > self.best_value if self.higher_is_better else value < self.best_value
        gain = self.epoch == 1 or better or (math.isnan(self.best_value) and not math.isnan(value))
        if gain:
            self.last_gain = self.epoch
        if gain or (not self.first_of_equals and value == self.best_value and loss < self.best_loss):
            self.best_epoch, self.best_value, self.best_loss = self.epoch, value, loss
            return True
        return False

    @property
    def exhausted(self) -> bool:
        """Whether the patience is used up."""
        return 0 < self.patience <= self.epoch - self.last_gain
