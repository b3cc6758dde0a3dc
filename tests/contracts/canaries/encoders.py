"""Wrong encoders."""

import itertools

import torch
from torch import nn
from torch.nn import functional as F

from fusionkit.interfaces import Features
from tests.contracts.canaries.building import Steps, after_forward, after_init, before_forward, every_module, variant


def on_features(action):
    return after_forward(Steps, lambda self, features: Features(*action(self, features.tokens, features.vector)))


def counts_calls():
    calls = itertools.count()
    return on_features(lambda self, tokens, vector: (tokens, vector + next(calls)))


def bare_option_init(self, shape, /, *, width=3):
    raise NotImplementedError


ENCODERS = [
    *every_module(Steps),
    ("embed_dim", after_init(Steps, lambda self: setattr(self, "embed_dim", 5)), "vector of shape .* expected 2 x 5"),
    (
        "token_dim",
        after_init(Steps, lambda self: setattr(self, "token_dim", 5)),
        "tokens of shape .* expected 2 x any x 5",
    ),
    ("tuple", after_forward(Steps, lambda self, features: (features.tokens, features.vector)), "expected Features"),
    ("float64", on_features(lambda self, t, v: (t, v.double())), "float64"),
    ("one token too few axes", on_features(lambda self, t, v: (t[:, 0], v)), "tokens of shape"),
    ("squeezes a batch of one", on_features(lambda self, t, v: (t, v.squeeze(0))), "for one sample"),
    ("no tokens", on_features(lambda self, t, v: (t[:, :0], v)), "tokens of shape"),
    ("NaN on silence", before_forward(Steps, lambda self, x: x / x.norm(dim=(1, 2), keepdim=True)), "silen"),
    (
        "dead parameter",
        after_init(Steps, lambda self: setattr(self, "dead", nn.Linear(2, 2))),
        "never trains: dead.bias",
    ),
    ("detached", on_features(lambda self, t, v: (t, v.detach())), "never trains: convolution.bias"),
    ("times zero", on_features(lambda self, t, v: (t, v * 0)), "never trains"),
    ("other samples", on_features(lambda self, t, v: (t, v - v.mean(0))), "mixes the samples"),
    ("tokens of other samples", on_features(lambda self, t, v: (t - t.mean(0), v)), "mixes the samples"),
    (
        "batch statistics in eval mode",
        after_init(Steps, lambda self: setattr(self, "norm", nn.BatchNorm1d(4, track_running_stats=False))),
        "mixes the samples",
    ),
    ("dropout in eval mode", on_features(lambda self, t, v: (F.dropout(t, 0.5, training=True), v)), "draws random"),
    ("BatchNorm learns in eval mode", before_forward(Steps, lambda self, x: self.norm.train() and None), "buffers"),
    (
        "counts calls",
        counts_calls(),
        "answers otherwise",
    ),
    (
        "weights outside the state dict",
        after_forward(
            after_init(Steps, lambda self: setattr(self, "hidden", torch.randn(4))),
            lambda self, features: Features(features.tokens, features.vector * self.hidden),
        ),
        "not restored",
    ),
    (
        "one classifier",
        variant(Steps, classifier=lambda self, n: self.__dict__.setdefault("c", nn.Linear(4, n))),
        "shares",
    ),
    (
        "classifier width",
        variant(Steps, classifier=lambda self, n: nn.Linear(4, 2)),
        r"returns \(5, 2\); expected \(5, 3\)",
    ),
    ("even sizes only", before_forward(Steps, lambda self, x: x.view(len(x), x.shape[1], -1, 2).mean(3)), "failed"),
    ("two channels at most", before_forward(Steps, lambda self, x: x[:, :2]), "failed"),
    ("accepts", variant(Steps, accepts=(("time",),)), "'accepts' must be"),
    ("bare option", variant(Steps, __init__=bare_option_init), "option 'width' has no Annotated"),
]
