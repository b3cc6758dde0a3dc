from __future__ import annotations

import torch
import torchinfo
from torch import nn

from fusionkit.model.counting import mult_adds, total_parameters, trainable_parameters


def network() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv1d(2, 5, 3, stride=2),
        nn.BatchNorm1d(5),
        nn.ReLU(),
        nn.Conv1d(5, 4, 3, bias=False, groups=1),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(4 * 5, 6),
        nn.LayerNorm(6),
        nn.Linear(6, 3, bias=False),
    )


def test_counts_of_a_known_network() -> None:
    expected = (2 * 5 * 3 + 5) + 2 * 5 + 5 * 4 * 3 + (20 * 6 + 6) + 2 * 6 + 6 * 3
    assert trainable_parameters(network()) == expected
    assert total_parameters(network()) == expected + 2 * 5
    assert mult_adds(network(), torch.zeros(3, 2, 16))[0] == (
        (2 * 5 * 3 + 5) * 7 + 2 * 5 + 5 * 4 * 3 * 5 + (20 * 6 + 6) + 2 * 6 + 6 * 3
    )


def test_counts_of_torchinfo() -> None:
    cost, output = mult_adds(network(), torch.zeros(1, 2, 16))
    assert cost == torchinfo.summary(network(), input_size=(1, 2, 16), verbose=0).total_mult_adds
    assert output.shape == (1, 3)


def test_shared_and_frozen_parameters() -> None:
    layer = nn.Linear(3, 3)
    frozen = nn.Linear(3, 2).requires_grad_(False)
    assert trainable_parameters(layer, nn.Sequential(layer, frozen)) == 12
    assert total_parameters(layer, nn.Sequential(layer, frozen)) == 12 + 8
    norm = nn.BatchNorm1d(4, track_running_stats=False)
    assert total_parameters(norm) == 8


def test_counting_leaves_no_trace() -> None:
    model = network()
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    random = torch.get_rng_state()
    mult_adds(model, torch.randn(4, 2, 16, generator=torch.Generator().manual_seed(0)))
    assert model.training
    assert all(not module._forward_hooks for module in model.modules())
    assert all(torch.equal(tensor, state[name]) for name, tensor in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), random)
