from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from fusionkit.interfaces import Task
from fusionkit.training.batches import Batch
from fusionkit.training.loss import batch_loss


@pytest.mark.parametrize("classes", [3, 5])
def test_the_mean_over_weights_is_that_of_weighted_cross_entropy(classes: int) -> None:
    generator = torch.Generator().manual_seed(classes)
    logits = torch.randn(16, classes, generator=generator, dtype=torch.float64)
    targets = torch.randint(classes, (16,), generator=generator)
    weights = torch.rand(classes, generator=generator, dtype=torch.float64) + 0.1
    task = Task("multiclass", tuple(map(str, range(classes))), classes)
    batch = Batch([], targets, weights[targets])
    expected = nn.CrossEntropyLoss(weight=weights)(logits, targets)
    torch.testing.assert_close(batch_loss(task, logits, batch, "weights"), expected, rtol=1e-12, atol=0)
    plain = nn.CrossEntropyLoss(weight=weights, reduction="none")(logits, targets).mean()
    torch.testing.assert_close(batch_loss(task, logits, batch), plain, rtol=1e-12, atol=0)


def test_equal_weights_make_both_means_the_same() -> None:
    batch = Batch([], torch.from_numpy(np.array([0, 1, 1, 0])), torch.ones(4))
    logits = torch.linspace(-1, 1, 4)[:, None]
    task = Task("binary", ("no", "yes"), 1)
    torch.testing.assert_close(batch_loss(task, logits, batch, "weights"), batch_loss(task, logits, batch))
