from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from fusionkit.interfaces import Stage, Task
from fusionkit.training.batches import Part
from fusionkit.training.fit import Training
from fusionkit.training.settings import TrainingSettings

BINARY = Task("binary", ("no", "yes"), 1)
THREE = Task("multiclass", ("a", "b", "c"), 3)


def part(*inputs: np.ndarray, rows: Sequence[int], targets: np.ndarray, weights: np.ndarray | None = None) -> Part:
    chosen = np.array(rows)
    found = np.ones(len(chosen), np.float32) if weights is None else weights
    return Part(inputs, chosen, targets[chosen], found)


def training(
    model: nn.Module,
    stages: Sequence[Stage],
    *,
    task: Task = BINARY,
    seed: int = 0,
    score: Any = lambda chances, truth: 0.0,
    observe: Callable[[Any], None] = lambda event: None,
    save: Callable[[str], None] = lambda name: None,
    **settings: Any,
) -> Training:
    chosen = TrainingSettings(**{"epochs": 2, "batch_size": 4, "monitor": "accuracy", **settings})
    device = torch.device("cpu")
    return Training(model, stages, task, chosen, score, seed, device, torch.float32, observe, save)


def linear_stage(model: nn.Module) -> Stage:
    return Stage("joint", (model,), lambda inputs: model(inputs[0]))
