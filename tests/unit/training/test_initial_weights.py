from __future__ import annotations

import pytest
import torch
from torch import nn

from fusionkit.errors import UsageError
from fusionkit.training.initial_weights import take_weights


def make(outputs: int, seed: int) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Linear(3, outputs))


def test_what_fits_is_taken_and_the_rest_is_told() -> None:
    model, source = make(2, 0), make(5, 1)
    source[1].running_mean += 7  # type: ignore[operator]
    old = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    note = take_weights(model, {**source.state_dict(), "3.extra": torch.ones(1)}, "runs/a")
    assert note == (
        "init: 7 of 10 tensors of runs/a taken; not taken: 2.weight, 2.bias, 3.extra; "
        "still new in the model: 2.weight, 2.bias"
    )
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, (old if name.startswith("2.") else source.state_dict())[name])


def test_long_lists_are_cut() -> None:
    model = make(1, 0)
    given = {**model.state_dict(), **{f"x{number}": torch.ones(1) for number in range(8)}}
    assert take_weights(model, given, "a").endswith("not taken: x0, x1, x2, x3, x4, x5 and 2 more")


def test_when_nothing_fits_it_is_refused() -> None:
    # The counter of a BatchNorm is no weight: it always fits.
    tensors = {"0.weight": torch.ones(9, 9), "1.num_batches_tracked": torch.tensor(3)}
    with pytest.raises(UsageError, match="init: no weights of runs/b fit the model by name and shape"):
        take_weights(make(1, 0), tensors, "runs/b")
