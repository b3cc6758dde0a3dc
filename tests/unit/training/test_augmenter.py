from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from fusionkit.errors import PluginError
from fusionkit.interfaces import Augmentation, Mixing, Task
from fusionkit.model.inference import read_rows
from fusionkit.training.augmenter import Augmenter
from fusionkit.training.batches import Part
from fusionkit.training.loss import batch_loss

CPU = torch.device("cpu")
NAMES = [f"r{number}/0" for number in range(6)]
SIGNALS = np.arange(6 * 1 * 4, dtype=np.float32).reshape(6, 1, 4)


class Shift(Augmentation):
    level: ClassVar[Literal["signal", "view"]] = "signal"

    def __call__(self, x: Tensor, rng: np.random.Generator, /) -> Tensor:
        return x + float(rng.normal())


class Fade(Augmentation):
    level: ClassVar[Literal["signal", "view"]] = "view"

    def __call__(self, x: Tensor, rng: np.random.Generator, /) -> Tensor:
        return x * float(rng.uniform())


class Broken(Shift):
    def __call__(self, x: Tensor, rng: np.random.Generator, /) -> Tensor:
        return x / 0


class Half(Mixing):
    def __init__(self, value: float = 0.25) -> None:
        self.value = value

    def share(self, rng: np.random.Generator, /) -> float:
        return self.value


def augmenter(*steps: Augmentation | Mixing, seed: int = 0) -> Augmenter:
    named = [(type(step).__name__, step) for step in steps]
    return Augmenter(named, NAMES, SIGNALS, lambda x: [2 * x, x[:, :, None, :]], seed)


def inputs(made: Augmenter, rows: list[int], epoch: int) -> list[Tensor]:
    views, chosen = [SIGNALS * 2, SIGNALS[:, :, None, :]], np.array(rows)
    return made.inputs(views, read_rows(made.source(views), chosen), chosen, epoch, CPU)


def test_a_window_is_changed_alike_wherever_it_stands_in_a_batch() -> None:
    one, other = inputs(augmenter(Shift()), [0, 3, 5], 2), inputs(augmenter(Shift()), [5, 0], 2)
    torch.testing.assert_close(one[0][[2, 0]], other[0], rtol=0, atol=0)
    shift = one[0][0] - torch.from_numpy(SIGNALS[0] * 2)
    assert float(shift.std()) < 1e-5
    assert abs(float(shift.mean())) > 1e-3
    # Both views are those of the one changed signal.
    torch.testing.assert_close(one[0], 2 * one[1][:, :, 0])


@pytest.mark.parametrize(("seed", "epoch"), [(0, 3), (1, 2)])
def test_epoch_and_seed_change_it(seed: int, epoch: int) -> None:
    assert not torch.equal(inputs(augmenter(Shift()), [0], 2)[0], inputs(augmenter(Shift(), seed=seed), [0], epoch)[0])


def test_augmentations_of_views_leave_waveforms_alone() -> None:
    wave, picture = inputs(augmenter(Fade()), [0, 1], 1)
    torch.testing.assert_close(wave, torch.from_numpy(SIGNALS[:2] * 2), rtol=0, atol=0)
    ratio = picture[1] / torch.from_numpy(SIGNALS[1][:, None, :])
    assert 0 < float(ratio.mean()) < 1


def test_values_that_are_not_finite_are_refused_by_name() -> None:
    with pytest.raises(PluginError, match="augmentation 'Broken' gave"):
        inputs(augmenter(Broken()), [1], 1)


def test_a_share_outside_0_to_1_is_refused() -> None:
    with pytest.raises(PluginError, match=r"share 1\.5; expected a number from 0 to 1"):
        augmenter(Half(1.5)).shares(np.array([0]), 1)


@pytest.mark.parametrize("kind", ["multiclass", "multilabel"])
def test_mixup_equals_cross_entropy_with_mixed_targets(kind: Literal["multiclass", "multilabel"]) -> None:
    task = Task(kind, ("a", "b", "c"), 3)
    classes = np.array([0, 2, 1, 1, 0, 2])
    onehot = np.eye(3, dtype=np.int64)[classes]
    targets = onehot if kind == "multilabel" else classes
    weights = np.ones(targets.shape, dtype=np.float32)
    part = Part([SIGNALS], np.arange(6), targets, weights, augmenter(Half()))
    chosen = np.array([4, 1, 3])
    batch = part.batch(chosen, part.read(chosen), 1, CPU)
    x = torch.from_numpy(SIGNALS[chosen])
    torch.testing.assert_close(batch.inputs[0], 0.25 * x + 0.75 * x[[1, 2, 0]])
    logits = torch.randn(3, 3, generator=torch.Generator().manual_seed(0))
    soft = torch.from_numpy(onehot[chosen]).float()
    soft = 0.25 * soft + 0.75 * soft[[1, 2, 0]]
    if kind == "multilabel":
        expected = F.binary_cross_entropy_with_logits(logits, soft)
    else:
        expected = F.cross_entropy(logits, soft)
    torch.testing.assert_close(batch_loss(task, logits, batch), expected)
