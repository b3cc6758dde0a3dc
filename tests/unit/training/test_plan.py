from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from fusionkit.errors import UsageError
from fusionkit.interfaces import SignalSpec, Stage
from fusionkit.model.assemble import assemble
from fusionkit.model.fusion_model import FusionModel
from fusionkit.model.schedule import model_stages
from fusionkit.model.settings import BranchSettings, ComponentSettings
from fusionkit.registry import Registry
from fusionkit.training.plan import PlannedStage, plan_stages
from fusionkit.training.progress import EpochDone
from fusionkit.training.settings import TrainingSettings
from tests.unit.training.conftest import fit, part, training

NAMES = ["branch wave-cnn1d", "branch wave-cnn1d-2", "attention"]
RNG = np.random.default_rng(5)
SIGNALS = RNG.normal(size=(20, 1, 128)).astype(np.float32)
LABELS = RNG.integers(0, 2, size=20)
PARTS = [part(SIGNALS, SIGNALS, rows=rows, targets=LABELS) for rows in (range(12), range(12, 20))]


def make(registry: Registry, fuser: str = "late_attention") -> FusionModel:
    torch.manual_seed(0)
    options = {"channels": (3, 4), "embed_dim": 5}
    branches = [BranchSettings("wave", "cnn1d", {}, options)] * 2
    return assemble(registry, SignalSpec(1, 128, 100.0), branches, ComponentSettings(fuser), 1)


def planned(model: FusionModel, overrides: Any = None, **settings: Any) -> list[PlannedStage]:
    return plan_stages(model, model_stages(model, "fuser"), TrainingSettings(**settings), overrides)


def test_a_stage_has_settings_of_its_own(registry: Registry) -> None:
    overrides = {"attention": {"lr": 0.5, "epochs": 2}, "branch": {"lr": 0.1}, NAMES[1]: {"lr": 0.2}}
    plan = planned(make(registry), overrides, epochs=7)
    assert [(one.stage.name, one.settings.lr, one.settings.epochs) for one in plan] == [
        (NAMES[0], 0.1, 7), (NAMES[1], 0.2, 7), ("attention", 0.5, 2)
    ]  # fmt: skip


def test_every_stage_is_trained_as_it_says(registry: Registry) -> None:
    model = make(registry)
    overrides = {"attention": {"epochs": 3, "monitor": "loss"}, "branch": {"batch_size": 12}}
    steps: dict[tuple[str, int], int] = {}

    def observe(event: Any) -> None:
        if not isinstance(event, EpochDone):
            steps[event.stage, event.epoch] = event.steps

    history = fit(training(model, model_stages(model, "fuser"), overrides=overrides, observe=observe, epochs=1), *PARTS)
    assert [(row.stage, row.epoch, row.monitor) for row in history] == [
        (NAMES[0], 1, "accuracy"), (NAMES[1], 1, "accuracy"), *[("attention", epoch, "loss") for epoch in (1, 2, 3)]
    ]  # fmt: skip
    assert list(steps.values()) == [1, 1, 3, 3, 3]


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"atention": {}}, r"no stage 'atention', .* its stages: 'branch wave-cnn1d', .*, 'attention', 'branch'$"),
        ({"attention": {"device": "cpu"}}, "stage 'attention' sets device, which is the same in all stages"),
        ({"attention": {"optimizer": "noam"}}, "stage 'attention' trains no encoder whose width .* set d_model"),
        ({"branch": {"optimizer": "noam", "lr_schedule": "plateau"}}, "'plateau' does not go with optimizer 'noam'"),
        (
            {"branch": {"learn": ("fusr",)}},
            r"learn names 'fusr', but the model has no such part; did you mean 'fuser'\?",
        ),
    ],
)
def test_what_cannot_be_is_refused(registry: Registry, overrides: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        planned(make(registry), overrides)


def test_a_model_of_one_stage_has_no_branches(registry: Registry) -> None:
    with pytest.raises(UsageError, match=r"no stage 'branch', .*: 'joint'$"):
        planned(make(registry, "concat"), {"branch": {"lr": 1.0}})


def test_noam_takes_the_width_of_the_encoder_unless_told(registry: Registry) -> None:
    model = make(registry)
    plan = planned(model, {"attention": {"d_model": 9}}, optimizer="noam")
    width = model.encoders[0].token_dim
    assert [one.settings.d_model for one in plan] == [width, width, 9]


def test_a_stage_in_which_nothing_may_learn_is_left_out(registry: Registry) -> None:
    plan = planned(make(registry), learn=("encoders.1",))
    assert [(one.number, one.stage.name) for one in plan] == [(1, NAMES[1])]
    model = make(registry, "concat").requires_grad_(False)
    with pytest.raises(UsageError, match="nothing in the model learns"):
        planned(model)


@pytest.mark.parametrize("learn", [("fuser",), ("encoders.1.blocks.1", "fuser"), ("encoders.0",)])
def test_what_does_not_learn_stays_bit_for_bit(registry: Registry, learn: tuple[str, ...]) -> None:
    model = make(registry, "concat")
    names = list(model.state_dict())
    free = {name for name in names if any(name.startswith(f"{part}.") for part in learn)}
    assert any(name.endswith("running_mean") for name in set(names) - free)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    fit(training(model, model_stages(model, "fuser"), learn=learn, lr=0.1, selection="last"), *PARTS)
    changed = {name for name, tensor in model.state_dict().items() if not torch.equal(tensor, before[name])}
    assert changed == free
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_dropout_of_what_does_not_learn_is_off() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.Linear(5, 5), nn.Dropout(0.5))
            self.head = nn.Sequential(nn.Dropout(0.5), nn.Linear(5, 1))

    model = Net()
    stage = Stage("joint", (model,), lambda inputs: model.head(model.body(inputs[0])))
    (one,) = plan_stages(model, [stage], TrainingSettings(learn=("head",)))
    model.eval()
    one.train_mode()
    assert {name for name, module in model.named_modules() if module.training} == {"head", "head.0", "head.1"}
