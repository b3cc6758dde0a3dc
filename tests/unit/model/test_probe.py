"""A component that lies is named, with its distribution."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
import torch
from torch import Tensor, nn

from fusionkit.errors import PluginError, UsageError
from fusionkit.interfaces import CHANNEL_TIME, Encoder, Features, Fuser, Representation, SignalSpec
from fusionkit.model.assemble import assemble
from fusionkit.model.fusion_model import FusionModel
from fusionkit.model.settings import BranchSettings, ComponentSettings
from fusionkit.options import Option
from fusionkit.registry import Provider, Registry

LIAR = Provider("liars", "6.6")
Fault = Annotated[str, Option("What is wrong.")]


class View(Representation):
    axes = CHANNEL_TIME

    def __init__(self, signal: SignalSpec, /, *, fault: Fault = "") -> None:
        super().__init__()
        self.fault = fault
        if fault == "init":
            raise KeyError("size")
        if fault == "usage":
            raise UsageError("choose another")
        if fault == "parameters":
            self.weight = nn.Parameter(torch.ones(1))

    def forward(self, x: Tensor) -> Tensor:
        match self.fault:
            case "raises":
                raise ValueError("no")
            case "in place":
                return x.add_(1)
            case "shape":
                return x[:, 0]
            case "type":
                return x.double()
            case "nan":
                return x / x
            case "batch":
                return x[:1]
            case "empty":
                return x[:, :, :0]
            case "list":
                return x.tolist()  # type: ignore[no-any-return]
        return x


class Code(Encoder):
    accepts = (CHANNEL_TIME,)

    def __init__(self, view_shape: tuple[int, ...], /, *, fault: Fault = "") -> None:
        super().__init__()
        self.fault = fault
        self.token_dim, self.embed_dim = view_shape[0], view_shape[0] + (fault == "embed_dim")
        self.drop = nn.Dropout(0.5)

    def forward(self, view: Tensor) -> Any:
        tokens = self.drop(view.transpose(1, 2))
        if self.fault == "tuple":
            return tokens, tokens.mean(1)
        if self.fault == "tokens":
            return Features(view, view.mean(2))
        return Features(tokens, tokens.mean(1))


class Fuse(Fuser):
    def __init__(self, branches: Any, num_outputs: int, /, *, fault: Fault = "") -> None:
        super().__init__()
        self.fault, self.head = fault, nn.Linear(branches[0].embed_dim, num_outputs)

    def forward(self, features: Any) -> Tensor:
        if self.fault == "raises":
            raise ValueError("no")
        if self.fault == "in place":
            features[0].vector.add_(1)
        logits: Tensor = self.head(features[0].vector)
        if self.fault == "squeezed":
            return logits[:, 0]
        return features[0].vector if self.fault == "vector" else logits


def build(representation: str = "", encoder: str = "", fuser: str = "") -> FusionModel:
    registry = Registry()
    registry.register("representation", "view", View, LIAR)
    registry.register("encoder", "code", Code, LIAR)
    registry.register("fuser", "fuse", Fuse, LIAR)
    branch = BranchSettings("view", "code", {"fault": representation}, {"fault": encoder})
    return assemble(registry, SignalSpec(2, 16, 100.0), [branch], ComponentSettings("fuse", {"fault": fuser}), 1)


def test_an_honest_model_is_assembled_and_nothing_moves() -> None:
    before = torch.get_rng_state()
    reference = nn.Linear(2, 1)
    after = torch.get_rng_state()
    torch.set_rng_state(before)
    model = build()
    assert torch.equal(torch.get_rng_state(), after)
    assert torch.equal(model.fuser.head.weight, reference.weight)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("init", "KeyError: 'size'"),
        ("raises", "failed on an input of shape (2, 2, 16): ValueError: no"),
        ("in place", "changed its input in place"),
        ("parameters", "has parameters"),
        ("shape", "of shape (2, 16); expected 2 x any x any"),
        ("batch", "of shape (1, 2, 16); expected 2 x any x any"),
        ("empty", "of shape (2, 2, 0)"),
        ("type", "of type torch.float64; expected torch.float32"),
        ("nan", "not finite"),
        ("list", "of type list; expected a tensor"),
    ],
)
def test_a_representation_that_lies(fault: str, words: str) -> None:
    with pytest.raises(PluginError, match=r"representation 'view' of liars 6\.6") as error:
        build(representation=fault)
    assert words in str(error.value)


def test_an_expected_refusal_is_passed_on() -> None:
    with pytest.raises(UsageError, match=r"^choose another$"):
        build(representation="usage")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("tuple", "returned tuple; expected Features"),
        ("tokens", "tokens of shape (2, 2, 16); expected 2 x any x 2"),
        ("embed_dim", "vector of shape (2, 2); expected 2 x 3"),
    ],
)
def test_an_encoder_that_lies(fault: str, words: str) -> None:
    with pytest.raises(PluginError, match=r"encoder 'code' of liars 6\.6") as error:
        build(encoder=fault)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("raises", "failed on an input of shape (2, 16, 2) and (2, 2): ValueError: no"),
        ("in place", "changed its input in place"),
        ("squeezed", "logits of shape (2,); expected 2 x 1"),
        ("vector", "logits of shape (2, 2); expected 2 x 1"),
    ],
)
def test_a_fuser_that_lies(fault: str, words: str) -> None:
    with pytest.raises(PluginError, match=r"fuser 'fuse' of liars 6\.6") as error:
        build(fuser=fault)
    assert words in str(error.value)
