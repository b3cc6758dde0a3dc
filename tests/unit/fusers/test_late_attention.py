import pytest
import torch
from torch import nn

from fusionkit.fusers.late_attention import LateAttention


def test_the_stages_are_the_branches_and_then_the_weights(toy):
    model = toy(3)
    fuser = LateAttention(model.branches, 2)
    stages = fuser.stages(model.encoders)
    assert [stage.name for stage in stages] == ["branch toy0", "branch toy1", "branch toy2", "attention"]
    for i, stage in enumerate(stages[:-1]):
        assert stage.modules == (model.encoders[i], fuser.classifiers[i])
        assert stage.frozen is None
        expected = fuser.classifiers[i](model.encoders[i](model.views[i]).vector)
        assert torch.equal(stage.logits(model.views), expected)
    assert [p.shape for module in stages[-1].modules for p in module.parameters()] == [(2, 3)]


@pytest.mark.parametrize("num_outputs", [1, 2, 4])
@pytest.mark.parametrize("reads", ["probabilities", "logits"])
def test_the_last_stage_computes_what_the_model_computes(toy, reads, num_outputs):
    model = toy(2)
    fuser = LateAttention(model.branches, num_outputs, reads=reads)
    stage = fuser.stages(model.encoders)[-1]
    assert stage.frozen is not None
    inputs = stage.frozen(model.views)
    assert all(len(tensor) == 6 for tensor in inputs)
    torch.testing.assert_close(stage.logits(inputs), fuser(model.features()))


def test_the_frozen_inputs_are_the_probabilities_of_every_branch(toy):
    model = toy(2)
    fuser = LateAttention(model.branches, 3)
    (inputs,) = fuser.stages(model.encoders)[-1].frozen(model.views)
    for i, feature in enumerate(model.features()):
        torch.testing.assert_close(inputs[:, i], fuser.classifiers[i](feature.vector).softmax(dim=1))


def test_one_output_and_two_outputs_are_one_model(toy):
    """A logit z is a two-class branch with the logits 0 and z: probabilities and losses must agree."""
    model = toy(2)
    one, two = LateAttention(model.branches, 1), LateAttention(model.branches, 2)
    with torch.no_grad():
        two.scores.weight.copy_(one.scores.weight)
        for single, double in zip(one.classifiers, two.classifiers, strict=True):
            double.weight.zero_()
            double.bias.zero_()
            double.weight[1] = single.weight[0]
            double.bias[1] = single.bias[0]
    logit, logits = one(model.features())[:, 0], two(model.features())
    torch.testing.assert_close(logit.sigmoid(), logits.softmax(dim=1)[:, 1])
    target = torch.tensor([0, 1, 1, 0, 1, 0])
    torch.testing.assert_close(
        nn.functional.binary_cross_entropy_with_logits(logit, target.float()),
        nn.functional.cross_entropy(logits, target),
    )


def test_the_attention_of_a_class_is_a_sigmoid_of_the_difference_of_its_weights(toy):
    """The published table of PTB: normal 0.49 and 0.51, abnormal 0.18 and 0.82."""
    fuser = LateAttention(toy(2).branches, 2)
    published = torch.tensor([[0.49, 0.51], [0.18, 0.82]])
    with torch.no_grad():
        fuser.scores.weight.copy_(torch.stack([published[:, 0].logit(), torch.zeros(2)], dim=1) + 0.3)
    torch.testing.assert_close(fuser.attention(), published)


def test_the_attention_over_the_classes_sums_to_one_in_every_branch(toy):
    fuser = LateAttention(toy(2).branches, 3)
    exponential = fuser.scores.weight.detach().exp()
    torch.testing.assert_close(fuser.attention("class"), exponential / exponential.sum(dim=0))


@pytest.mark.parametrize(("num_branches", "num_classes"), [(2, 2), (2, 5), (3, 4)])
def test_equal_weights_start_at_one_over_the_branches(toy, num_branches, num_classes):
    fuser = LateAttention(toy(num_branches).branches, num_classes, init="equal")
    assert torch.equal(fuser.scores.weight, torch.full((num_classes, num_branches), 1 / num_branches))


def test_normal_weights_follow_the_normal_distribution(toy):
    torch.manual_seed(0)
    weight = LateAttention(toy(2).branches, 2000, init="normal").scores.weight
    assert weight.mean().item() == pytest.approx(0, abs=0.1)
    assert weight.std().item() == pytest.approx(1, abs=0.1)


def test_equal_weights_never_turn_the_branches_against_themselves(toy):
    """With the default weights the fused decision of agreeing branches is theirs."""
    three = toy(2)
    for outputs in (1, 3):
        fuser = LateAttention(three.branches, outputs)
        features = three.features()
        read = fuser._read([feature.vector for feature in features])
        agreed = read.mean(dim=1)
        logits = fuser(features)
        chosen = (logits[:, 0] > 0).long() if outputs == 1 else logits.argmax(dim=1)
        assert torch.equal(chosen, agreed.argmax(dim=1))
