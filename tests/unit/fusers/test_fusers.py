"""What holds for every built-in fuser."""

from typing import Any

import pytest
import torch
from torch import nn

from fusionkit.builtins import register_fusers
from fusionkit.errors import UsageError
from fusionkit.interfaces import Fuser, joint_stage
from fusionkit.registry import Provider, Registry

REGISTRY = Registry()
register_fusers(lambda name, target: REGISTRY.register("fuser", name, target, Provider("fusionkit", "0")))

VINDAS = {"hidden_dim": 10, "activation": "none", "head_norm": True, "drop_rate": 0.0}
CASES = [
    pytest.param(name, count, options, id=f"{name}-{count}-{'-'.join(map(str, options.values()))}")
    for name, counts, variants in [
        ("single", (1,), ({},)),
        ("concat", (1, 2, 3), ({}, {"fusion_dim": 4, **VINDAS}, {"hidden_dim": None}, {"activation": "gelu"})),
        ("sum", (1, 2, 3), ({}, VINDAS, {"project_norm": False, "hidden_dim": None})),
        ("weighted_sum", (2, 3), ({}, {"weights": "free", **VINDAS})),
        ("film", (2, 3), ({}, {"modulated": -1, "gate": True}, {"reads": "tokens", "identity_init": False})),
        ("cross_attention", (2, 3), ({}, {"query": 0, "num_heads": 2, "head_dim": 3})),
        ("late_attention", (2, 3), ({}, {"reads": "logits", "init": "equal"})),
    ]
    for count in counts
    for options in variants
]


def build(name: str, branches: Any, num_outputs: int, options: dict[str, Any]) -> Fuser:
    torch.manual_seed(0)
    fuser = REGISTRY.get("fuser", name).create(branches, num_outputs, options=options)
    assert isinstance(fuser, Fuser)
    return fuser


def loss(logits: torch.Tensor) -> torch.Tensor:
    target = torch.arange(len(logits)) % max(logits.shape[1], 2)
    if logits.shape[1] == 1:
        return nn.functional.binary_cross_entropy_with_logits(logits[:, 0], target.float())
    return nn.functional.cross_entropy(logits, target)


@pytest.mark.parametrize("num_outputs", [1, 3])
@pytest.mark.parametrize(("name", "count", "options"), CASES)
@pytest.mark.parametrize("schedule", ["own", "joint"])
def test_every_parameter_gets_a_gradient_in_some_stage_and_no_other_does(
    toy, schedule, name, count, options, num_outputs
):
    model = toy(count)
    fuser = build(name, model.branches, num_outputs, options)
    everything = nn.ModuleList([*model.encoders, fuser])
    learnt: set[str] = set()
    for stage in fuser.stages(model.encoders) if schedule == "own" else [joint_stage(model.encoders, fuser)]:
        everything.zero_grad()
        everything.requires_grad_(False)
        for module in stage.modules:
            module.requires_grad_(True)
        inputs = stage.frozen(model.views) if stage.frozen else model.views
        logits = stage.logits(inputs)
        assert logits.shape == (6, num_outputs)
        loss(logits).backward()
        for key, parameter in everything.named_parameters():
            reached = parameter.grad is not None and bool(parameter.grad.any())
            assert reached == parameter.requires_grad, (stage.name, key)
            if reached:
                learnt.add(key)
    assert learnt == {key for key, _ in everything.named_parameters()}


@pytest.mark.parametrize(("name", "count", "options"), CASES)
def test_a_sample_does_not_depend_on_the_others_in_its_batch(toy, name, count, options):
    model = toy(count)
    fuser = build(name, model.branches, 2, options).eval()
    whole = fuser(model.features())
    for i in range(len(whole)):
        alone = fuser([encoder(view[i : i + 1]) for encoder, view in zip(model.encoders, model.views, strict=True)])
        torch.testing.assert_close(alone[0], whole[i])


@pytest.mark.parametrize(("name", "count", "options"), CASES)
def test_the_state_travels_to_a_new_fuser(toy, name, count, options):
    model = toy(count)
    first = build(name, model.branches, 2, options).eval()
    with torch.no_grad():
        for parameter in first.parameters():
            parameter.add_(0.1)
    second = build(name, model.branches, 2, options).eval()
    features = model.features()
    assert not torch.equal(first(features), second(features))
    second.load_state_dict(first.state_dict())
    assert torch.equal(first(features), second(features))


@pytest.mark.parametrize("name", ["concat", "sum", "weighted_sum", "film", "cross_attention"])
def test_the_head_drops_while_training_only(toy, name):
    model = toy(2)
    fuser = build(name, model.branches, 2, {"drop_rate": 0.5})
    features = model.features()
    assert not torch.equal(fuser(features), fuser(features))
    fuser.eval()
    assert torch.equal(fuser(features), fuser(features))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("concat", {"drop_rate": 1.0}),
        ("concat", {"hidden_dim": 0}),
        ("concat", {"activation": "tanh"}),
        ("concat", {"fusion_dim": 0}),
        ("sum", {"fusion_dim": None}),
        ("weighted_sum", {"weights": "equal"}),
        ("film", {"reads": "logits"}),
        ("cross_attention", {"num_heads": 0}),
        ("late_attention", {"init": "zero"}),
        ("single", {"hidden_dim": 8}),
    ],
)
def test_a_bad_option_is_refused_by_name(toy, name, options):
    with pytest.raises(UsageError, match=next(iter(options))):
        build(name, toy(2).branches, 2, options)


@pytest.mark.parametrize(("name", "option"), [("film", "modulated"), ("cross_attention", "query")])
@pytest.mark.parametrize("index", [-3, 2])
def test_an_index_beyond_the_branches_is_refused(toy, name, option, index):
    with pytest.raises(UsageError, match=f"fuser '{name}': option '{option}' is {index}, but the model has 2 branches"):
        build(name, toy(2).branches, 2, {option: index})


@pytest.mark.parametrize(
    ("name", "minimum", "maximum"),
    [
        ("single", 1, 1),
        ("concat", 1, None),
        ("sum", 1, None),
        ("weighted_sum", 2, None),
        ("film", 2, None),
        ("cross_attention", 2, None),
        ("late_attention", 2, None),
    ],
)
def test_how_many_branches_a_fuser_takes(name, minimum, maximum):
    fuser = REGISTRY.get("fuser", name).target
    assert (fuser.min_branches, fuser.max_branches) == (minimum, maximum)


@pytest.mark.parametrize("name", ["concat", "film", "cross_attention"])
def test_a_fuser_can_start_as_the_layers_of_keras(toy, name: str) -> None:
    options: dict[str, Any] = {"initialisation": "keras"} | ({"identity_init": False} if name == "film" else {})
    fuser: Any = build(name, toy(2).branches, 1, options)
    for part in fuser.modules():
        if isinstance(part, nn.Linear):
            assert not part.bias.any()
    head = fuser.head[0]
    bound = (6 / (head.in_features + head.out_features)) ** 0.5
    assert 0.9 * bound < float(head.weight.detach().abs().max()) <= bound
