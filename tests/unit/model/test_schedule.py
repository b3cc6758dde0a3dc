from __future__ import annotations

import pytest
import torch

from fusionkit.interfaces import SignalSpec
from fusionkit.model.assemble import assemble
from fusionkit.model.fusion_model import FusionModel
from fusionkit.model.schedule import Schedule, model_stages
from fusionkit.model.settings import ComponentSettings, branch_names
from fusionkit.registry import Registry
from tests.unit.model.conftest import MEL_VIT, WAVE_CNN


def model(registry: Registry, schedule: Schedule, fuser: str = "concat", branches: int = 2) -> FusionModel:
    torch.manual_seed(0)
    chosen = [WAVE_CNN, MEL_VIT][:branches]
    return assemble(registry, SignalSpec(1, 512, 500.0), chosen, ComponentSettings(fuser), 2, schedule=schedule)


@pytest.mark.parametrize(
    ("schedule", "fuser", "branches", "names"),
    [
        ("fuser", "concat", 2, ["joint"]),
        ("fuser", "late_attention", 2, ["branch wave-cnn1d", "branch mel-vit", "attention"]),
        ("joint", "late_attention", 2, ["joint"]),
        ("staged", "concat", 2, ["branch wave-cnn1d", "branch mel-vit", "fuser"]),
        ("staged", "concat", 1, ["joint"]),
        ("staged", "single", 1, ["joint"]),
    ],
)
def test_names_of_the_stages(
    registry: Registry, schedule: Schedule, fuser: str, branches: int, names: list[str]
) -> None:
    stages = model_stages(model(registry, schedule, fuser, branches), schedule)
    assert [stage.name for stage in stages] == names


def test_staged_stages_compute_what_they_say(registry: Registry) -> None:
    net = model(registry, "staged").eval()
    first, second, last = model_stages(net, "staged")
    with torch.no_grad():
        views = net.views(torch.randn(3, 1, 512))
        vectors = [encoder(view).vector for encoder, view in zip(net.encoders, views, strict=True)]
        assert torch.equal(first.logits(views), net.branch_classifiers[0](vectors[0]))
        assert torch.equal(second.logits(views), net.branch_classifiers[1](vectors[1]))
        assert last.frozen is not None
        assert torch.equal(last.logits(last.frozen(views)), net.classify(views))
    assert first.modules == (net.encoders[0], net.branch_classifiers[0])
    assert last.modules == (net.fuser,)


def test_the_joint_stage_trains_everything(registry: Registry) -> None:
    net = model(registry, "joint", "late_attention")
    (stage,) = model_stages(net, "joint")
    learning = {id(p) for module in stage.modules for p in module.parameters()}
    assert learning == {id(p) for p in net.parameters()}


def test_branch_names_are_all_different() -> None:
    assert branch_names((WAVE_CNN, MEL_VIT, WAVE_CNN, WAVE_CNN, MEL_VIT)) == (
        "wave-cnn1d", "mel-vit", "wave-cnn1d-2", "wave-cnn1d-3", "mel-vit-2"
    )  # fmt: skip
