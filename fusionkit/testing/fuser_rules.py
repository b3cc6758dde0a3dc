"""The rules of a fuser."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import torch
from torch import Tensor, nn

from fusionkit.interfaces import CHANNEL_TIME, BranchSpec, Encoder, Features, Fuser, Representation, SignalSpec
from fusionkit.model.fusion_model import FusionModel
from fusionkit.model.probe import PROBE_BATCH, probe_fuser
from fusionkit.model.schedule import Schedule, needs_branch_classifiers
from fusionkit.testing.inference_rules import check_inference, check_round_trip, samples
from fusionkit.testing.learning_rules import check_stages
from fusionkit.testing.subject import Subject, subject

_SIGNAL = SignalSpec(2, 24, 100.0)
_MOST_BRANCHES = 3
_TOKENS = (6, 8, 5)
_TOKEN_DIMS = (4, 6, 3)
_EMBED_DIMS = (5, 3, 7)


def check_fuser(component_class: type[Fuser], /, **options: object) -> None:
    """Check that a fuser keeps the rules of its interface, over small encoders of different widths.

    Parameters
    ----------
    component_class : type
        The fuser.
    **options : object
        Its options; what is not given keeps its default.

    Raises
    ------
    ConformanceError
        If it breaks a rule; the message names the fuser and the rule.
    """
    checked = subject("fuser", component_class, options)
    fewest = component_class.min_branches
    most = max(fewest, _MOST_BRANCHES)
    if component_class.max_branches is not None:
        most = min(most, component_class.max_branches)
    for count in range(fewest, most + 1):
        for num_outputs in (1, 3):
            with checked.watched():
                _check(checked, count, num_outputs)


def _check(checked: Subject, count: int, num_outputs: int) -> None:
    model = _model(checked, count, num_outputs, seed=0)
    silence = torch.zeros(PROBE_BATCH, _SIGNAL.channels, _SIGNAL.samples)
    with torch.no_grad():
        features = [encoder(silence) for encoder in model.encoders.eval()]
    probe_fuser(checked.component, model.fuser, features, num_outputs)
    model.train()
    inputs = [
        tensor
        for i in range(count)
        for tensor in (
            samples((_TOKENS[i % 3], _TOKEN_DIMS[i % 3]), loud=100.0),
            samples((_EMBED_DIMS[i % 3],), loud=100.0),
        )
    ]
    check_inference(checked, model.fuser, _call, inputs)
    views = [samples((_SIGNAL.channels, _SIGNAL.samples), loud=10.0)] * count
    for schedule in get_args(Schedule):
        trained = _model(checked, count, num_outputs, seed=0, schedule=schedule)
        check_stages(checked, trained, schedule, views, steps=3)
    fresh = _model(checked, count, num_outputs, seed=1)
    check_round_trip(checked, trained.fuser, fresh.fuser, _call, inputs)


def _model(checked: Subject, count: int, num_outputs: int, *, seed: int, schedule: Schedule = "fuser") -> FusionModel:
    torch.manual_seed(seed)
    encoders = [_Steps(_TOKENS[i % 3], _TOKEN_DIMS[i % 3], _EMBED_DIMS[i % 3]) for i in range(count)]
    names = [f"branch{i}" for i in range(count)]
    branches = [
        BranchSpec(name, encoder.embed_dim, encoder.token_dim, encoder.num_tokens, encoder.classifier)
        for name, encoder in zip(names, encoders, strict=True)
    ]
    fuser: Fuser = checked.create(branches, num_outputs, seed=seed)
    staged = needs_branch_classifiers(fuser, count, schedule)
    heads = [encoder.classifier(num_outputs) for encoder in encoders] if staged else []
    return FusionModel(_SIGNAL, names, [_Signal() for _ in encoders], encoders, fuser, heads)


def _call(module: nn.Module, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
    return (module([Features(*pair) for pair in zip(inputs[::2], inputs[1::2], strict=True)]),)


class _Signal(Representation):
    axes = CHANNEL_TIME

    def forward(self, x: Tensor) -> Tensor:
        return x


class _Steps(Encoder):
    """Tokens from pieces of the signal, with the layers that only freezing in earnest holds still."""

    accepts = (CHANNEL_TIME,)

    def __init__(self, num_tokens: int, token_dim: int, embed_dim: int) -> None:
        super().__init__()
        self.num_tokens, self.token_dim, self.embed_dim = num_tokens, token_dim, embed_dim
        self.tokens = nn.Sequential(
            nn.AdaptiveAvgPool1d(num_tokens), nn.Conv1d(_SIGNAL.channels, token_dim, 1), nn.BatchNorm1d(token_dim)
        )
        self.vector = nn.Sequential(nn.Dropout(0.1), nn.Linear(token_dim, embed_dim), nn.Tanh())

    def forward(self, view: Tensor) -> Features:
        tokens: Tensor = self.tokens(view).transpose(1, 2)
        return Features(tokens, self.vector(tokens.mean(dim=1) + tokens[:, 0]))
