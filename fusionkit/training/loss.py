"""The loss of a task."""

from __future__ import annotations

from typing import Literal

import torch.nn.functional as F
from torch import Tensor

from fusionkit.interfaces import Task
from fusionkit.training.batches import Batch, mixed


def sample_losses(task: Task, logits: Tensor, targets: Tensor) -> Tensor:
    """Return the cross-entropy of every sample.

    Parameters
    ----------
    task : Task
        One output: binary cross-entropy of sigmoid(logit); several: cross-entropy of softmax(logits); multi-label:
        binary cross-entropy of sigmoid(logit) for each class.
    logits : Tensor [batch, num_outputs]
        Scores.
    targets : Tensor [batch]
        Class numbers; multi-label: [batch, class], 1 where the sample belongs to the class.

    Returns
    -------
    Tensor [batch], multi-label [batch, class]
    """
    if task.kind == "multilabel":
        return F.binary_cross_entropy_with_logits(logits, targets.to(logits.dtype), reduction="none")
    if task.num_outputs == 1:
        return F.binary_cross_entropy_with_logits(logits[:, 0], targets.to(logits.dtype), reduction="none")
    return F.cross_entropy(logits, targets, reduction="none")


def batch_loss(task: Task, logits: Tensor, batch: Batch, mean: Literal["samples", "weights"] = "samples") -> Tensor:
    """Return the weighted mean loss of a batch; of a mixture, the losses of both are mixed in the same shares.

    Parameters
    ----------
    task : Task
        What is predicted.
    logits : Tensor [batch, num_outputs]
        Scores.
    batch : Batch
        Targets, weights and shares.
    mean : 'samples' or 'weights'
        What the sum of the weighted losses is divided by: the number of samples, so that a sample weighs the same in
        every batch, or the sum of their weights, as `torch.nn.CrossEntropyLoss` does.
    """
    losses = sample_losses(task, logits, batch.targets) * batch.weights
    if batch.share is not None:
        others = sample_losses(task, logits, batch.targets.roll(-1, dims=0)) * batch.weights.roll(-1, dims=0)
        losses = mixed(losses, others, batch.share)
    return losses.sum() / loss_weight(batch) if mean == "weights" else losses.mean()


def loss_weight(batch: Batch) -> Tensor:
    """Return the sum of the weights of a batch, of a mixture in the same shares as its losses."""
    if batch.share is None:
        return batch.weights.sum()
    return mixed(batch.weights, batch.weights.roll(-1, dims=0), batch.share).sum()
