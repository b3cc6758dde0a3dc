"""Single branches in training: their gradients, losses, rates, and what is lost."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fusionkit.errors import PluginError, StoppedError, UsageError
from fusionkit.interfaces import Features, Stage, branch_stage
from fusionkit.training import fit as trainer
from fusionkit.training.batches import epoch_order, split_batches
from fusionkit.training.branch import Branch
from fusionkit.training.branch_step import lost_branches, stage_logits
from fusionkit.training.safekeeping import Safekeeping
from fusionkit.training.stage_state import new_stage
from fusionkit.training.state_store import StateStore
from fusionkit.training.training import Training
from tests.unit.training.conftest import fit, part, training
from tests.unit.training.stopping import NEVER, StopAt
from tests.unit.training.test_resume import alike

RNG = np.random.default_rng(8)
X = [RNG.normal(size=(20, size)).astype(np.float32) for size in (3, 4)]
Y = RNG.integers(0, 2, size=20)
TRAIN, VALIDATION = part(*X, rows=range(12), targets=Y), part(*X, rows=range(12, 20), targets=Y)
PLAIN_SGD = {"optimizer": "sgd", "momentum": 0.0, "weight_decay": 0.0, "class_weights": "none"}


class Encode(nn.Module):
    def __init__(self, size: int) -> None:
        super().__init__()
        self.layer = nn.Linear(size, 2)
        self.dropout = nn.Dropout(0.0)

    def forward(self, view: Tensor) -> Features:
        vector = self.dropout(self.layer(view))
        return Features(vector[:, None] * 2, vector)


class TwoBranches(nn.Module):
    """Two encoders; the fuser reads the vector of the first and the token of the second."""

    def __init__(self) -> None:
        super().__init__()
        self.encoders = nn.ModuleList([Encode(3), Encode(4)])
        self.fuser = nn.Linear(4, 1)
        self.branch_classifiers = nn.ModuleList([nn.Linear(2, 1), nn.Linear(2, 1)])

    def fuse(self, a: Tensor, b: Tensor) -> Tensor:
        return self.fuser(torch.cat([a, b], dim=1))

    def logits(self, views: Any) -> Tensor:
        a, b = (encoder(view) for encoder, view in zip(self.encoders, views, strict=True))
        return self.fuse(a.vector, b.tokens[:, 0])

    @property
    def joint(self) -> Stage:
        return Stage("joint", (*self.encoders, self.fuser), self.logits)

    @property
    def branches(self) -> list[Branch]:
        parts = zip("ab", self.encoders, self.branch_classifiers, strict=True)
        return [Branch(name, encoder, head) for name, encoder, head in parts]


def made(**settings: Any) -> tuple[TwoBranches, Training]:
    torch.manual_seed(1)
    model = TwoBranches()
    return model, training(model, [model.joint], branches=model.branches, **settings)


def bce(logits: Tensor, rows: np.ndarray) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits[:, 0], torch.from_numpy(Y[rows]).float())


def views(rows: np.ndarray) -> list[Tensor]:
    return [torch.from_numpy(x[rows]) for x in X]


def test_gradient_norms_are_root_mean_squares_over_the_steps_of_an_epoch() -> None:
    model, described = made(epochs=2, batch_size=5, lr=0.2, selection="last", **PLAIN_SGD)
    by_hand = copy.deepcopy(model)
    history = fit(described, TRAIN, VALIDATION)
    for row in history:
        squares: list[list[float]] = []
        for rows in split_batches(epoch_order(12, 0, 0, row.epoch), 5):
            by_hand.zero_grad()
            bce(by_hand.logits(views(rows)), rows).backward()
            squares.append(
                [sum(float((p.grad.double() ** 2).sum()) for p in one.parameters()) for one in by_hand.encoders]
            )
            with torch.no_grad():
                for parameter in [*by_hand.encoders.parameters(), *by_hand.fuser.parameters()]:
                    parameter -= 0.2 * parameter.grad
        assert len(squares) == 3
        expected = dict(zip("ab", np.sqrt(np.mean(squares, axis=0)), strict=True))
        assert row.gradient_norms == pytest.approx(expected, rel=1e-5)


def test_only_branches_that_learn_have_a_gradient_norm() -> None:
    torch.manual_seed(1)
    model = TwoBranches()
    stages = [branch_stage("b", 1, model.encoders[1], model.branch_classifiers[1]), model.joint]
    described = training(model, stages, branches=model.branches, epochs=1, learn=("encoders", "branch_classifiers"))
    assert [list(row.gradient_norms) for row in fit(described, TRAIN, VALIDATION)] == [["b"], ["a", "b"]]
    one = training(model, [model.joint], branches=model.branches, epochs=1, learn=("encoders.0", "fuser"))
    assert [list(row.gradient_norms) for row in fit(one, TRAIN, VALIDATION)] == [["a"]]


def test_losses_of_branches_are_added() -> None:
    model, described = made(epochs=1, batch_size=12, lr=0.5, branch_loss=0.3, selection="last", **PLAIN_SGD)
    by_hand = copy.deepcopy(model)
    (row,) = fit(described, TRAIN, VALIDATION)
    rows = np.arange(12)
    own = bce(by_hand.logits(views(rows)), rows)
    heads = zip(by_hand.encoders, by_hand.branch_classifiers, views(rows), strict=True)
    whole = own + sum(0.3 * bce(head(encoder(view).vector), rows) for encoder, head, view in heads)
    whole.backward()
    for (name, found), start in zip(model.named_parameters(), by_hand.parameters(), strict=True):
        assert torch.allclose(found, start - 0.5 * start.grad, atol=1e-6), name
    assert row.train_loss == pytest.approx(own.item(), rel=1e-6)


def test_a_branch_loss_learns_although_only_a_part_is_named() -> None:
    model, described = made(epochs=1, branch_loss=1.0, learn=("encoders.1",))
    before = {name: tensor.clone() for name, tensor in model.named_parameters()}
    fit(described, TRAIN, VALIDATION)
    changed = {name.rsplit(".", 1)[0] for name, p in model.named_parameters() if not torch.equal(p, before[name])}
    assert changed == {"encoders.1.layer", "branch_classifiers.1"}


@pytest.mark.parametrize("optimizer", ["sgd", "adamw", "adam", "adamax", "noam"])
def test_a_branch_has_its_own_rate(optimizer: str) -> None:
    def after(lr: float, branch_lr: tuple[str, ...] | None = None) -> dict[str, Tensor]:
        settings = {"optimizer": optimizer, "d_model": 4, "warmup_steps": 5, "weight_decay": 0.1}
        model, described = made(epochs=1, batch_size=12, lr=lr, branch_lr=branch_lr, selection="last", **settings)
        fit(described, TRAIN, VALIDATION)
        return {name: p.detach() for name, p in model.named_parameters()}

    mixed, slow, fast = after(0.01, ("b=0.2",)), after(0.01), after(0.2)
    for name, weight in mixed.items():
        same, other = (fast, slow) if name.startswith("encoders.1") else (slow, fast)
        assert torch.equal(weight, same[name])
        assert name.startswith("branch_classifiers") or not torch.equal(weight, other[name])


def test_a_schedule_scales_all_rates_alike() -> None:
    _, described = made(lr=0.1, branch_lr=("a=0.02",), lr_schedule="plateau")
    stage = new_stage(described.plan[0])
    assert stage.schedule is not None
    assert [group["lr"] for group in stage.optimizer.param_groups] == [0.1, 0.02]
    for _ in range(11):
        stage.schedule.step(1.0)
    assert [group["lr"] for group in stage.optimizer.param_groups] == pytest.approx([0.05, 0.01])


def test_the_share_of_lost_branches() -> None:
    draws = {"seed": 3, "stage": 1, "epoch": 4}
    count = 40_000
    lost = lost_branches(count, 3, 0.3, **draws)
    assert lost is not None
    spread = 4 * np.sqrt(count * 0.1 * 0.9)
    assert np.abs(np.bincount(lost + 1, minlength=4) - np.array([0.7, 0.1, 0.1, 0.1]) * count).max() < 2 * spread
    again, other = lost_branches(count, 3, 0.3, **draws), lost_branches(count, 3, 0.3, **{**draws, "epoch": 5})
    assert np.array_equal(lost, again)
    assert not np.array_equal(lost, other)
    assert lost_branches(count, 3, 0.0, **draws) is None
    always = lost_branches(count, 2, 1.0, **draws)
    assert always is not None
    assert set(always) == {0, 1}


def test_a_lost_branch_is_zero_for_the_fuser_and_not_for_its_own_classifier() -> None:
    model, _ = made()
    inputs, lost = views(np.arange(6)), torch.tensor([0, 1, -1, 1, 0, -1])
    logits, own = stage_logits(model.joint, model.branches, inputs, own=True, lost=lost)
    vectors = [encoder(view).vector for encoder, view in zip(model.encoders, inputs, strict=True)]
    for row, number in enumerate(lost.tolist()):
        a, b = (vector[row : row + 1] * (number != place) for place, vector in enumerate(vectors))
        assert torch.allclose(logits[row], model.fuse(a, 2 * b)[0], atol=1e-6)
    for found, head, vector in zip(own, model.branch_classifiers, vectors, strict=True):
        assert torch.equal(found, head(vector))
    # No trace is left.
    assert torch.equal(model.logits(inputs), model.fuse(vectors[0], 2 * vectors[1]))


def test_nothing_is_lost_in_validation() -> None:
    model, described = made(epochs=1, batch_size=12, lr=1e-30, branch_drop_rate=1.0, **PLAIN_SGD)
    (row,) = fit(described, TRAIN, VALIDATION)
    rows, others = np.arange(12), np.arange(12, 20)
    with torch.no_grad():
        assert row.validation_loss == pytest.approx(float(bce(model.logits(views(others)), others)), rel=1e-6)
        assert row.train_loss != pytest.approx(float(bce(model.logits(views(rows)), rows)), rel=1e-3)


def test_a_stage_that_goes_past_an_encoder_is_named() -> None:
    model, _ = made()
    past = Stage("joint", model.joint.modules, lambda inputs: model.encoders[0](inputs[0]).vector)
    with pytest.raises(PluginError, match=r"stage 'joint' does not call the encoder of branch 'b'"):
        stage_logits(past, model.branches, views(np.arange(3)), own=True, lost=None)


REMEDIES: dict[str, dict[str, Any]] = {
    "adamw": {"branch_loss": 0.4, "branch_lr": ("b=0.1",), "branch_drop_rate": 0.5},
    "noam": {"optimizer": "noam", "d_model": 4, "warmup_steps": 5, "branch_lr": ("a=0.5", "b=0.1"), "branch_loss": 1.0},
}


@pytest.mark.parametrize("name", REMEDIES)
def test_a_stopped_training_goes_on_to_the_same_bits(tmp_path: Path, name: str) -> None:
    def make(keep: Safekeeping) -> tuple[nn.Module, Training]:
        return made(keep=keep, epochs=3, lr=0.05, **REMEDIES[name])

    def run(keep: Safekeeping) -> Any:
        model, described = make(keep)
        found = trainer.fit(described, lambda _: (TRAIN, VALIDATION))
        return {name: tensor.clone() for name, tensor in model.state_dict().items()}, found

    whole = run(Safekeeping())
    assert len({row.gradient_norms["b"] for row in whole[1].history}) == 3
    counter = StopAt(10**6)
    run(Safekeeping(None, NEVER, counter))
    for place in range(1, 10**6 - int(counter.left) + 1, 2):
        states = StateStore(tmp_path / str(place), print)
        with pytest.raises(StoppedError):
            run(Safekeeping(states, NEVER, StopAt(place)))
        assert alike(run(Safekeeping(states, NEVER)), whole), place


def staged(model: TwoBranches) -> list[Stage]:
    return [branch_stage(one.name, number, one.encoder, one.classifier) for number, one in enumerate(model.branches)]


def joint(model: TwoBranches) -> list[Stage]:
    return [model.joint]


@pytest.mark.parametrize(
    ("stages", "overrides", "settings", "words"),
    [
        (staged, {}, {"branch_loss": 0.5}, "branch_loss is 0.5, but no stage trains several branches together"),
        (staged, {}, {"branch_drop_rate": 0.5}, "(stages: branch a, branch b); use two branches or more"),
        (staged, {"branch a": {"branch_loss": 1.0}}, {}, "stage 'branch a' sets branch_loss, which needs several"),
        (staged, {"branch a": {"branch_lr": ("b=1",)}}, {}, "of this branch does not learn in stage 'branch a'"),
        (joint, {}, {"branch_lr": ("c=1",)}, "branch_lr: 'c' is no branch of the model; its branches: a, b"),
        (joint, {}, {"branch_lr": ("a=0",)}, "branch_lr of 'a' is '0'; expected a rate above 0, for example a=1e-4"),
        (joint, {}, {"branch_lr": ("a=fast",)}, "branch_lr of 'a' is 'fast'"),
        (joint, {}, {"branch_lr": ("a=1",), "learn": ("fuser",)}, "branch_lr names 'a', but the encoder of this"),
        (joint, {"joint": {"init_branch": ("a=run",)}}, {}, "stage 'joint' sets init_branch, which is the same in all"),
    ],
)
def test_what_cannot_work_is_told_before_training(
    stages: Callable[[TwoBranches], list[Stage]], overrides: Any, settings: dict[str, Any], words: str
) -> None:
    model = TwoBranches()
    with pytest.raises(UsageError) as error:
        training(model, stages(model), branches=model.branches, overrides=overrides, **settings)
    assert words in str(error.value)
