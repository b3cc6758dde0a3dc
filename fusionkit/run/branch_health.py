"""What every branch of a trained model contributes: the keep-one and drop-one scores."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fusionkit.evaluation.metrics import METRICS
from fusionkit.interfaces import Features, Task
from fusionkit.model.fusion_model import FusionModel
from fusionkit.model.inference import on_device, probabilities, read_rows
from fusionkit.training.batches import Part
from fusionkit.training.loss import sample_losses

SCORE = "roc_auc"
COST = 0.01
NEAR_CHANCE, NOISE_LIMIT = 0.6, 0.7


@dataclass(frozen=True)
class BranchHealth:
    """What one branch contributes to a trained model.

    Parameters
    ----------
    branch : str
        Its name.
    alone : dict of str to float or None
        Figures of the model when the features of all other branches are replaced by their means over the part: AUC
        (of several classes the mean of each against the rest) and the monitored one; None where one is not defined.
    without : dict of str to float or None
        The same when the features of this branch are.
    all : dict of str to float or None
        The same of the model as it is.
    contributes : bool or None
        False where the branch alone is near chance and the model without it loses less than 0.01 of its AUC; None
        where that cannot be said, as of a model that is near chance itself.
    """

    branch: str
    alone: dict[str, float | None]
    without: dict[str, float | None]
    all: dict[str, float | None]
    contributes: bool | None


def branch_health(
    model: FusionModel, task: Task, part: Part, batch_size: int, monitor: str, chance: float
) -> list[BranchHealth]:
    """Measure every branch on one part of the data, by window; of a single branch there is nothing to say.

    Parameters
    ----------
    model : FusionModel
        A trained model.
    task : Task
        What it predicts.
    part : Part
        Views, targets and weights; the part that chose the epochs.
    batch_size : int
        Windows a step.
    monitor : str
        The figure that chose the epochs.
    chance : float
        AUC below which a branch is near chance, see `chance_limit`.
    """
    count = len(model.branch_names)
    if count < 2:
        return []
    model.eval()
    means = _means(model, part, batch_size)
    kept = {frozenset({branch}) for branch in range(count)}
    kept |= {frozenset(range(count)) - {branch} for branch in range(count)} | {frozenset(range(count))}
    logits: dict[frozenset[int], list[Tensor]] = {those: [] for those in kept}
    for features in _features(model, part, batch_size):
        for those, outputs in logits.items():
            mixed = [own if i in those else _like(means[i], own) for i, own in enumerate(features)]
            with torch.no_grad():
                outputs.append(model.fuser(mixed).float().cpu())
    figures = {those: _figures(task, torch.cat(outputs), part, monitor) for those, outputs in logits.items()}
    everything = frozenset(range(count))
    found = []
    for branch, name in enumerate(model.branch_names):
        alone, without, whole = figures[frozenset({branch})], figures[everything - {branch}], figures[everything]
        verdict = _contributes(alone[SCORE], without[SCORE], whole[SCORE], chance)
        found.append(BranchHealth(name, alone, without, whole, verdict))
    return found


def chance_limit(targets: NDArray[np.int64], records: NDArray[np.object_]) -> float:
    """Return the AUC below which a score is near chance: 0.6, or more where few recordings leave more to chance.

    The noise is 1.96 standard errors of the AUC of a score that says nothing, which for ``p`` positive and ``n``
    negative recordings is ``sqrt((p + n + 1) / (12 p n))``. It counts up to 0.7 only: what is above that on a handful
    of recordings is no sign of a branch that says nothing.

    Parameters
    ----------
    targets : array [window] or [window, class]
        Class numbers, or 1 where the window belongs to the class.
    records : array [window]
        Recording of every window: its windows are no independent cases.

    References
    ----------
    Hanley and McNeil, The meaning and use of the area under a receiver operating characteristic (ROC) curve,
    Radiology 143 (1982), doi 10.1148/radiology.143.1.7063747, with a true area of 0.5
    """
    _, first = np.unique(records.astype(str), return_index=True)
    chosen = targets[first]
    belongs = chosen > 0 if chosen.ndim > 1 else chosen[:, None] == np.unique(chosen)
    positive = belongs.sum(axis=0)
    negative = len(chosen) - positive
    if not (positive * negative).all():
        return NOISE_LIMIT
    errors = np.sqrt((len(chosen) + 1) / (12.0 * positive * negative))
    return min(max(NEAR_CHANCE, 0.5 + 1.96 * float(errors.mean())), NOISE_LIMIT)


def _contributes(alone: float | None, without: float | None, whole: float | None, chance: float) -> bool | None:
    if alone is None or without is None or whole is None or whole < chance:
        return None
    return alone >= chance or whole - without >= COST


def _features(model: FusionModel, part: Part, batch_size: int) -> Iterator[list[Features]]:
    """Yield the features of every branch, a batch at a time."""
    device = next(model.parameters()).device
    for start in range(0, len(part), batch_size):
        read = read_rows(part.inputs, part.rows[start : start + batch_size])
        views = on_device(part.inputs, read, device)
        with torch.no_grad():
            features = [encoder(view) for encoder, view in zip(model.encoders, views, strict=True)]
        yield features


def _means(model: FusionModel, part: Part, batch_size: int) -> list[Features]:
    """Return the mean features of every branch, with a batch axis of one."""
    sums: list[list[Tensor]] = []
    for features in _features(model, part, batch_size):
        here = [[one.tokens.double().sum(0), one.vector.double().sum(0)] for one in features]
        sums = [[a + b for a, b in zip(*pair, strict=True)] for pair in zip(sums, here, strict=True)] if sums else here
    return [Features(*((total / len(part)).float()[None] for total in pair)) for pair in sums]


def _like(mean: Features, own: Features) -> Features:
    return Features(mean.tokens.expand_as(own.tokens), mean.vector.expand_as(own.vector))


def _figures(task: Task, logits: Tensor, part: Part, monitor: str) -> dict[str, float | None]:
    chances = probabilities(task, logits)
    found = {SCORE: METRICS[SCORE](part.targets, chances)}
    if monitor == "loss":
        losses = sample_losses(task, logits, torch.from_numpy(part.targets))
        found[monitor] = float((losses * torch.from_numpy(part.weights)).mean())
    else:
        found[monitor] = METRICS[monitor](part.targets, chances)
    return {name: value if math.isfinite(value) else None for name, value in found.items()}
