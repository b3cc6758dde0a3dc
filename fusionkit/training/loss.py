"""The loss of a task."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from fusionkit.interfaces import Task


def sample_losses(task: Task, logits: Tensor, targets: Tensor) -> Tensor:
    """Return the cross-entropy of every sample.

    Parameters
    ----------
    task : Task
        One output: binary cross-entropy of sigmoid(logit); several: cross-entropy of softmax(logits).
    logits : Tensor [batch, num_outputs]
        Scores.
    targets : Tensor [batch]
        Class numbers.

    Returns
    -------
    Tensor [batch]
    """
    if task.num_outputs == 1:
        return F.binary_cross_entropy_with_logits(logits[:, 0], targets.to(logits.dtype), reduction="none")
    return F.cross_entropy(logits, targets, reduction="none")
