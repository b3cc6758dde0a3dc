from dataclasses import replace

import pytest
import torch

from fusionkit.errors import UsageError
from fusionkit.fusers.concat import Concat
from fusionkit.fusers.cross_attention import CrossAttention
from fusionkit.fusers.film import FiLM
from fusionkit.fusers.sum import Sum
from fusionkit.fusers.weighted_sum import WeightedSum


@pytest.mark.parametrize("fuser", [Sum, WeightedSum])
def test_a_vector_of_one_number_is_not_normalised(toy, fuser):
    branches = [replace(branch, embed_dim=1) for branch in toy(2).branches]
    with pytest.raises(UsageError, match="one number"):
        fuser(branches, 2)
    assert fuser(branches, 2, project_norm=False)


def test_a_head_does_not_normalise_one_hidden_unit(toy):
    with pytest.raises(UsageError, match="one number"):
        Concat(toy(2).branches, 2, hidden_dim=1, head_norm=True)


def test_the_softmax_weights_start_equal_and_sum_to_one(toy):
    fuser = WeightedSum(toy(3).branches, 2)
    torch.testing.assert_close(fuser.branch_weights(), torch.full((3,), 1 / 3))
    with torch.no_grad():
        fuser.weight.copy_(torch.tensor([2.0, -1.0, 0.5]))
    assert fuser.branch_weights().sum().item() == pytest.approx(1)
    assert fuser.branch_weights().argmax() == 0


def test_free_weights_follow_the_normal_distribution(toy):
    torch.manual_seed(0)
    branches = toy(1).branches * 2000
    weights = WeightedSum(branches, 2, weights="free", fusion_dim=1, hidden_dim=None).branch_weights().detach()
    assert weights.mean().item() == pytest.approx(0, abs=0.1)
    assert weights.std().item() == pytest.approx(1, abs=0.1)


def test_film_starts_near_the_identity(toy):
    fuser = FiLM(toy(2).branches, 2, modulated=1)
    zero = torch.zeros(1, 6)
    assert torch.equal(fuser.gamma(zero), torch.ones(1, 3))
    assert torch.equal(fuser.beta(zero), torch.zeros(1, 3))


def test_film_counts_a_negative_index_from_the_last(toy):
    model = toy(3)
    first, second = (FiLM(model.branches, 2, modulated=index).eval() for index in (1, -2))
    second.load_state_dict(first.state_dict())
    assert torch.equal(first(model.features()), second(model.features()))


def test_cross_attention_refuses_to_attend_to_a_single_token(toy):
    first, second = toy(2).branches
    single = replace(first, num_tokens=1)
    with pytest.raises(UsageError, match="branch 'toy0' has one token"):
        CrossAttention([single, second], 2)
    assert CrossAttention([single, second], 2, query=0)
