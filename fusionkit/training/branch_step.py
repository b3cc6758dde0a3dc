"""What a step does to single branches: one may be lost, and each may have a loss of its own."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fusionkit.errors import PluginError
from fusionkit.interfaces import Features, Stage
from fusionkit.training.branch import Branch

_DRAWN = 0x6D6F64  # sets these draws apart from those of the order, which have the same seed, stage and epoch


def lost_branches(
    count: int, branches: int, rate: float, *, seed: int, stage: int, epoch: int
) -> NDArray[np.int64] | None:
    """Draw the branch that every window loses in an epoch: modality dropout.

    With probability ``rate`` a window loses one branch, drawn evenly; it never loses two. What is drawn is a function
    of seed, stage, epoch and place of the window, so that neither batches nor a resumed run change it.

    Parameters
    ----------
    count : int
        Windows of the training part.
    branches : int
        Branches of the stage.
    rate : float
        From 0 to 1; 0: nothing is drawn.
    seed, stage, epoch : int
        What the draws follow from.

    Returns
    -------
    array [window] or None
        Number of the branch, or -1.

    References
    ----------
    Neverova et al., ModDrop: adaptive multi-modal gesture recognition, IEEE TPAMI 38 (2016),
    doi 10.1109/TPAMI.2015.2461544
    """
    if not rate:
        return None
    rng = np.random.default_rng([seed, stage, epoch, _DRAWN])
    drawn = rng.integers(branches, size=count)
    return np.where(rng.random(count) < rate, drawn, -1)


def stage_logits(
    stage: Stage, branches: Sequence[Branch], inputs: Sequence[Tensor], *, own: bool, lost: Tensor | None
) -> tuple[Tensor, list[Tensor]]:
    """Return the logits of a stage and, where asked for, those of every branch under its own classifier.

    The encoders are watched while the stage runs, so that this works with every fuser. The features of a lost branch
    are zero for the fuser; its own classifier reads them as they are.

    Parameters
    ----------
    stage : Stage
        The stage.
    branches : sequence of Branch
        Its branches.
    inputs : sequence of Tensor [batch, ...]
        What the stage reads.
    own : bool
        Whether the classifiers of the branches are asked too.
    lost : Tensor [batch], optional
        Number of the branch that a window loses, or -1.

    Raises
    ------
    PluginError
        If the stage does not call the encoder of a branch.
    """
    if not own and lost is None:
        return stage.logits(inputs), []
    vectors: dict[int, Tensor] = {}

    def watch(place: int) -> Any:
        def after(_module: object, _given: object, features: Features) -> Features | None:
            vectors[place] = features.vector
            return None if lost is None else _without(features, lost == place)

        return after

    with ExitStack() as hooks:
        for place, branch in enumerate(branches):
            hooks.callback(branch.encoder.register_forward_hook(watch(place)).remove)
        logits = stage.logits(inputs)
    silent = [branch.name for place, branch in enumerate(branches) if place not in vectors]
    if silent:
        raise PluginError(f"stage {stage.name!r} does not call the encoder of branch {silent[0]!r}, which is to learn")
    if not own:
        return logits, []
    pairs = [(branch.classifier, vectors[place]) for place, branch in enumerate(branches)]
    return logits, [classifier(vector) for classifier, vector in pairs if classifier is not None]


def _without(features: Features, lost: Tensor) -> Features:
    def zeroed(part: Tensor) -> Tensor:
        return part.masked_fill(lost.reshape(-1, *[1] * (part.ndim - 1)), 0)

    return Features(zeroed(features.tokens), zeroed(features.vector))


def squared_gradients(branches: Sequence[Branch]) -> Tensor:
    """Return the squared L2 norm of the gradient of every encoder, over its parameters that learn [branch]."""
    norms = []
    for branch in branches:
        gradients = [parameter.grad for parameter in branch.learning if parameter.grad is not None]
        device = branch.learning[0].device
        norms.append(torch.nn.utils.get_total_norm(gradients) if gradients else torch.zeros((), device=device))
    return torch.stack(norms).double().square()
