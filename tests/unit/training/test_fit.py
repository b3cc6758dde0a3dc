from __future__ import annotations

import dataclasses
import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fusionkit.errors import RunError
from fusionkit.interfaces import SignalSpec, Stage
from fusionkit.model.assemble import assemble
from fusionkit.model.fusion_model import FusionModel
from fusionkit.model.schedule import model_stages
from fusionkit.model.settings import BranchSettings, ComponentSettings
from fusionkit.registry import Registry
from fusionkit.training.batches import epoch_order
from fusionkit.training.progress import EpochDone, StepDone
from tests.unit.training.conftest import BINARY, THREE, fit, linear_stage, part, training

RNG = np.random.default_rng(3)
X = RNG.normal(size=(30, 5)).astype(np.float32)
Y = RNG.integers(0, 3, size=30)
WEIGHTS = RNG.uniform(0.5, 2, size=18).astype(np.float32)
TRAIN = part(X, rows=range(2, 20), targets=Y, weights=WEIGHTS)
VALIDATION = part(X, rows=[25, 1, 22, 29, 0], targets=Y)
BINARY_TRAIN = part(X, rows=range(2, 20), targets=Y % 2, weights=WEIGHTS)
BINARY_VALIDATION = part(X, rows=[25, 1, 22, 29, 0], targets=Y % 2)


def linear(outputs: int, seed: int = 0) -> nn.Linear:
    torch.manual_seed(seed)
    return nn.Linear(5, outputs)


def state(model: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def same(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


OPTIMIZERS = {
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01, weight_decay=0.1),
    "adamax": lambda p: torch.optim.Adamax(p, lr=0.01, weight_decay=0.1),
    "sgd": lambda p: torch.optim.SGD(p, lr=0.01, weight_decay=0.1, momentum=0.5),
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("outputs", [1, 3])
def test_training_is_a_plain_loop(optimizer: str, outputs: int) -> None:
    task, train, validation = (BINARY, BINARY_TRAIN, BINARY_VALIDATION) if outputs == 1 else (THREE, TRAIN, VALIDATION)
    targets = Y % 2 if outputs == 1 else Y
    model = linear(outputs)
    options = {"optimizer": optimizer, "lr": 0.01, "weight_decay": 0.1, "momentum": 0.5, "monitor": "accuracy"}
    # A score that rises keeps the weights of the last epoch.
    scores = iter(range(9))
    history = fit(
        training(model, [linear_stage(model)], task=task, seed=5, epochs=3, score=lambda *_: next(scores), **options),
        train,
        validation,
    )

    reference = linear(outputs)
    optimize = OPTIMIZERS[optimizer](reference.parameters())
    for epoch in (1, 2, 3):
        order = epoch_order(18, 5, 0, epoch)
        for batch in (order[0:4], order[4:8], order[8:12], order[12:16], order[16:18]):
            logits = reference(torch.from_numpy(X[2:20][batch]))
            truth = torch.from_numpy(targets[2:20][batch])
            if outputs == 1:
                losses = F.binary_cross_entropy(torch.sigmoid(logits[:, 0]), truth.float(), reduction="none")
            else:
                losses = F.nll_loss(torch.log_softmax(logits, 1), truth, reduction="none")
            optimize.zero_grad()
            (losses * torch.from_numpy(WEIGHTS[batch])).mean().backward()
            optimize.step()
    torch.testing.assert_close(model.weight, reference.weight, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(model.bias, reference.bias, rtol=1e-5, atol=1e-6)

    with torch.no_grad():
        logits = reference(torch.from_numpy(X[[25, 1, 22, 29, 0]]))
        truth = torch.from_numpy(targets[[25, 1, 22, 29, 0]])
        expected = F.cross_entropy(torch.cat([0 * logits, logits], 1) if outputs == 1 else logits, truth)
    assert history[-1].validation_loss == pytest.approx(float(expected), rel=1e-4)


def test_best_weights_come_back() -> None:
    model = linear(1)
    scores = iter([0.1, 0.9, 0.5, 0.8])
    states, saved = [], []

    def observe(event: StepDone | EpochDone) -> None:
        if isinstance(event, EpochDone):
            states.append(state(model))

    history = fit(
        training(
            model, [linear_stage(model)], epochs=4, score=lambda *_: next(scores), observe=observe, save=saved.append
        ),
        BINARY_TRAIN,
        BINARY_VALIDATION,
    )
    assert same(state(model), states[1])
    assert not same(states[1], states[3])
    assert saved == ["best", "last", "best", "last", "last", "last"]
    assert [(row.epoch, row.value, row.best_value, row.best_epoch) for row in history] == [
        (1, 0.1, 0.1, 1), (2, 0.9, 0.9, 2), (3, 0.5, 0.9, 2), (4, 0.8, 0.9, 2)
    ]  # fmt: skip
    assert not model.training


def test_of_equal_figures_the_lower_loss_is_kept() -> None:
    model = linear(1)
    states: list[dict[str, Tensor]] = []
    losses: list[float] = []

    def observe(event: StepDone | EpochDone) -> None:
        if isinstance(event, EpochDone):
            states.append(state(model))
            losses.append(event.validation_loss)

    fit(
        training(model, [linear_stage(model)], epochs=4, score=lambda *_: 1.0, observe=observe),
        BINARY_TRAIN,
        BINARY_VALIDATION,
    )
    assert len(set(losses)) == 4
    assert same(state(model), states[int(np.argmin(losses))])


def test_of_equal_figures_the_first_is_kept_when_told() -> None:
    model = linear(1)
    states: list[dict[str, Tensor]] = []
    losses: list[float] = []

    def observe(event: StepDone | EpochDone) -> None:
        if isinstance(event, EpochDone):
            states.append(state(model))
            losses.append(event.validation_loss)

    scores = iter([0.5, 1.0, 1.0, 1.0])
    fit(
        training(
            *(model, [linear_stage(model)]), epochs=4, ties="first", score=lambda *_: next(scores), observe=observe
        ),
        BINARY_TRAIN,
        BINARY_VALIDATION,
    )
    assert int(np.argmin(losses[1:])) != 0, "the case must have a lower loss later"
    assert same(state(model), states[1])


def test_the_last_weights_stay_when_told() -> None:
    model = linear(1)
    states, saved, ended = [], [], []
    scores = iter([0.9, 0.1, 0.5, 0.2])

    def observe(event: StepDone | EpochDone) -> None:
        if isinstance(event, EpochDone):
            states.append(state(model))

    history = fit(
        training(
            *(model, [linear_stage(model)]),
            **{"epochs": 4, "selection": "last", "patience": 0, "score": lambda *_: next(scores)},
            **{"observe": observe, "save": saved.append, "score_epoch": ended.append},
        ),
        BINARY_TRAIN,
        BINARY_VALIDATION,
    )
    assert same(state(model), states[3])
    assert not same(states[0], states[3])
    assert saved == ["last"] * 4 + ["best"]
    assert [row.best_epoch for row in history] == [1] * 4
    assert ended == [1, 2, 3, 4]


def test_the_last_weights_are_those_at_the_stop_when_patience_is_set() -> None:
    scores = iter([0.9, 0.1, 0.5, 0.2])
    model = linear(1)
    stage = linear_stage(model)
    settings = {"epochs": 4, "selection": "last", "patience": 2, "score": lambda *_: next(scores)}
    assert len(fit(training(model, [stage], **settings), BINARY_TRAIN, BINARY_VALIDATION)) == 3


def test_a_stage_stops_when_its_patience_is_used_up() -> None:
    model = linear(1)
    scores = iter([0.5, 0.6, 0.6, 0.1, 0.9, 0.9])
    history = fit(
        training(model, [linear_stage(model)], epochs=6, patience=2, score=lambda *_: next(scores)),
        BINARY_TRAIN,
        BINARY_VALIDATION,
    )
    assert [row.epoch for row in history] == [1, 2, 3, 4]


def test_monitor_loss_takes_the_smallest() -> None:
    model = linear(1)
    states = []

    def observe(event: StepDone | EpochDone) -> None:
        if isinstance(event, EpochDone):
            states.append(state(model))

    def never(*_: object) -> float:
        raise AssertionError("no score is needed")

    history = fit(
        training(
            *(model, [linear_stage(model)]),
            **{"epochs": 12, "lr": 0.3, "monitor": "loss", "patience": 0, "score": never, "observe": observe},
        ),
        BINARY_TRAIN,
        BINARY_VALIDATION,
    )
    losses = [row.validation_loss for row in history]
    assert 0 < int(np.argmin(losses)) < 11, "the case must have its best epoch in between"
    assert same(state(model), states[int(np.argmin(losses))])


def test_steps_and_epochs_are_told() -> None:
    model = linear(1)
    events: list[Any] = []
    fit(training(model, [linear_stage(model)], observe=events.append), BINARY_TRAIN, BINARY_VALIDATION)
    steps = [event for event in events if isinstance(event, StepDone)]
    assert [(step.epoch, step.step) for step in steps] == [(epoch, step) for epoch in (1, 2) for step in range(1, 6)]
    assert {step.steps for step in steps} == {5}
    epochs = [event for event in events if isinstance(event, EpochDone)]
    assert [epoch.train_loss for epoch in epochs] == [steps[4].loss, steps[9].loss]


def noisy(seed: int) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 1))


def test_the_seed_decides_and_nothing_else() -> None:
    def trained(seed: int, disturb: int) -> dict[str, Tensor]:
        model = noisy(0)
        torch.manual_seed(disturb)
        fit(training(model, [linear_stage(model)], seed=seed), BINARY_TRAIN, BINARY_VALIDATION)
        return state(model)

    assert same(trained(1, disturb=1), trained(1, disturb=2))
    assert not same(trained(1, disturb=1), trained(2, disturb=1))


def test_global_state_is_left_alone() -> None:
    model = noisy(0)
    torch.manual_seed(11)
    np.random.seed(11)  # noqa: NPY002
    random.seed(11)
    before = torch.get_rng_state(), np.random.get_state()[1].tobytes(), random.getstate()  # noqa: NPY002
    threads, grad = torch.get_num_threads(), torch.is_grad_enabled()
    fit(training(model, [linear_stage(model)]), BINARY_TRAIN, BINARY_VALIDATION)
    after = torch.get_rng_state(), np.random.get_state()[1].tobytes(), random.getstate()  # noqa: NPY002
    assert torch.equal(before[0], after[0])
    assert before[1:] == after[1:]
    assert (torch.get_num_threads(), torch.is_grad_enabled()) == (threads, grad)


def test_a_loss_that_is_no_number_stops_the_run() -> None:
    model = linear(1)
    calls = 0

    def logits(inputs: Sequence[Tensor]) -> Tensor:
        nonlocal calls
        calls += torch.is_grad_enabled()
        output: Tensor = model(inputs[0])
        return output * (float("nan") if calls == 8 else 1)

    with pytest.raises(RunError, match=r"^stage 'only': the loss became nan in epoch 2, step 3; lower --lr$"):
        fit(training(model, [Stage("only", (model,), logits)]), BINARY_TRAIN, BINARY_VALIDATION)


def test_weights_that_explode_in_the_last_step_stop_the_run() -> None:
    model = nn.Sequential(nn.Linear(5, 4), nn.Linear(4, 1))
    one_batch = {"batch_size": 100, "lr": 1e30, "optimizer": "sgd"}
    with pytest.raises(RunError, match=r"stage 'joint': the validation loss became (inf|nan) in epoch 1; lower --lr"):
        fit(training(model, [linear_stage(model)], **one_batch), BINARY_TRAIN, BINARY_VALIDATION)


CNN = {"channels": (3, 4), "embed_dim": 5}
SIGNALS = RNG.normal(size=(20, 1, 128)).astype(np.float32)
LABELS = RNG.integers(0, 2, size=20)


def two_branches(registry: Registry, fuser: str, schedule: Any) -> FusionModel:
    torch.manual_seed(0)
    branches = [BranchSettings("wave", "cnn1d", {}, CNN)] * 2
    return assemble(registry, SignalSpec(1, 128, 100.0), branches, ComponentSettings(fuser), 1, schedule=schedule)


@pytest.mark.parametrize(
    ("fuser", "schedule"), [("late_attention", "fuser"), ("late_attention", "staged"), ("concat", "staged")]
)
def test_what_a_stage_freezes_stays_bit_for_bit(registry: Registry, fuser: str, schedule: Any) -> None:
    model = two_branches(registry, fuser, schedule)
    stages = model_stages(model, schedule)
    inside = {
        stage.name: {id(t) for module in stage.modules for t in (*module.parameters(), *module.buffers())}
        for stage in stages
    }
    modules_inside = {stage.name: {m for module in stage.modules for m in module.modules()} for stage in stages}
    tensors = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    before: dict[str, dict[str, Tensor]] = {}
    learnt: Counter[str] = Counter()

    def observe(event: StepDone | EpochDone) -> None:
        own = inside[event.stage]
        if isinstance(event, StepDone):
            assert all(p.requires_grad == (id(p) in own) for p in model.parameters())
            wrong = [m for m in model.modules() if m.training and m not in modules_inside[event.stage]]
            assert not wrong
            return
        held = before.setdefault(event.stage, {name: t.detach().clone() for name, t in tensors.items()})
        changed = {name for name, tensor in tensors.items() if not torch.equal(tensor, held[name])}
        assert all(id(tensors[name]) in own for name in changed)
        learnt[event.stage] += len(changed)

    fit(
        training(model, stages, observe=observe, epochs=3, lr=0.01),
        part(SIGNALS, SIGNALS, rows=range(12), targets=LABELS),
        part(SIGNALS, SIGNALS, rows=range(12, 20), targets=LABELS),
    )
    assert set(learnt) == {stage.name for stage in stages}
    assert all(count > 0 for count in learnt.values())
    running = [name for name in tensors if name.endswith("running_mean")]
    assert running
    assert all(p.requires_grad for p in model.parameters())


def test_a_stage_leaves_what_came_before_it(registry: Registry) -> None:
    model = two_branches(registry, "late_attention", "fuser")
    stages = model_stages(model, "fuser")
    ends: dict[str, dict[str, Tensor]] = {}
    scores = iter([0.2, 0.8, 0.1] * 3)

    def observe(event: StepDone | EpochDone) -> None:
        if isinstance(event, EpochDone) and event.epoch == 2:
            ends[event.stage] = state(model)

    fit(
        training(model, stages, observe=observe, epochs=3, lr=0.01, score=lambda *_: next(scores)),
        part(SIGNALS, SIGNALS, rows=range(12), targets=LABELS),
        part(SIGNALS, SIGNALS, rows=range(12, 20), targets=LABELS),
    )
    final = state(model)
    assert same(final, ends["attention"])
    for index, stage in enumerate(("branch wave-cnn1d", "branch wave-cnn1d-2")):
        own = [name for name in final if name.startswith((f"encoders.{index}.", f"fuser.classifiers.{index}."))]
        assert len(own) > 4
        assert all(torch.equal(final[name], ends[stage][name]) for name in own)


def test_frozen_inputs_are_computed_once_a_split(registry: Registry) -> None:
    model = two_branches(registry, "late_attention", "fuser")
    rows: Counter[str] = Counter()
    now = ["before"]

    def counted(stage: Stage) -> Stage:
        if stage.frozen is None:
            return stage
        inner = stage.frozen

        def frozen(views: Sequence[Tensor]) -> tuple[Tensor, ...]:
            assert not any(module.training for module in model.modules())
            rows["frozen"] += len(views[0])
            return inner(views)

        return dataclasses.replace(stage, frozen=frozen)

    model.encoders[0].register_forward_hook(lambda module, inputs, output: rows.update({now[0]: len(inputs[0])}))

    def observe(event: StepDone | EpochDone) -> None:
        now[0] = event.stage

    fit(
        training(model, [counted(stage) for stage in model_stages(model, "fuser")], observe=observe, epochs=5),
        part(SIGNALS, SIGNALS, rows=range(12), targets=LABELS),
        part(SIGNALS, SIGNALS, rows=range(12, 20), targets=LABELS),
    )
    assert rows["frozen"] == 12 + 8
    assert rows["attention"] == 0


def test_a_parameter_that_was_made_without_gradient_is_never_trained() -> None:
    model = nn.Sequential(nn.Linear(5, 5), nn.Linear(5, 1))
    model[0].weight.requires_grad_(False)
    before = state(model)
    fit(training(model, [linear_stage(model)], lr=0.1), BINARY_TRAIN, BINARY_VALIDATION)
    changed = {name for name, tensor in model.state_dict().items() if not torch.equal(tensor, before[name])}
    assert changed == {"0.bias", "1.weight", "1.bias"}
    assert [p.requires_grad for p in model.parameters()] == [False, True, True, True]
