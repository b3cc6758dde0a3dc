from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from fusionkit.interfaces import Stage, Task
from fusionkit.training import fit as trainer
from fusionkit.training.batches import Part
from fusionkit.training.branch import Branch
from fusionkit.training.plan import plan_stages
from fusionkit.training.progress import EpochDone
from fusionkit.training.safekeeping import Safekeeping
from fusionkit.training.settings import TrainingSettings
from fusionkit.training.training import Training

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
    score: Any = lambda figure, chances, truth: 0.0,
    observe: Callable[[Any], None] = lambda event: None,
    save: Callable[[str], None] = lambda name: None,
    score_epoch: Callable[[int], dict[str, object] | None] = lambda epoch: None,
    keep: Safekeeping | None = None,
    overrides: dict[str, dict[str, Any]] | None = None,
    branches: Sequence[Branch] = (),
    **settings: Any,
) -> Training:
    chosen = TrainingSettings(**{"epochs": 2, "batch_size": 4, "monitor": "accuracy", **settings})
    device = torch.device("cpu")
    plan = plan_stages(model, stages, chosen, overrides, branches)
    kept = keep or Safekeeping()
    return Training(model, plan, task, score, seed, device, torch.float32, observe, save, score_epoch, kept)


def fit(training: Training, train: Part, validation: Part) -> list[EpochDone]:
    return trainer.fit(training, lambda settings: (train, validation)).history


def linear_stage(model: nn.Module) -> Stage:
    return Stage("joint", (model,), lambda inputs: model(inputs[0]))
