"""Early stopping: which epoch was the best, and when to give up."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass
class EarlyStopping:
    """Follows one figure over the epochs; the first of equal values is the best.

    Parameters
    ----------
    higher_is_better : bool
        False for a loss.
    patience : int
        Epochs without a better value before `exhausted`; 0 = never.
    """

    higher_is_better: bool
    patience: int
    best_epoch: int = 0
    best_value: float = math.nan
    epoch: int = 0

    def update(self, value: float) -> bool:
        """Take the value of the next epoch and return whether it is the best so far (NaN never is, but in epoch 1)."""
        self.epoch += 1
        better = value > self.best_value if self.higher_is_better else value < self.best_value
        if self.epoch == 1 or better or (math.isnan(self.best_value) and not math.isnan(value)):
            self.best_epoch, self.best_value = self.epoch, value
            return True
        return False

    @property
    def exhausted(self) -> bool:
        """Whether the patience is used up."""
        return 0 < self.patience <= self.epoch - self.best_epoch
