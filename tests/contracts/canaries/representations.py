"""Wrong representations."""

import torch
from torch import nn

from fusionkit.interfaces import CHANNEL_TIME, Representation
from tests.contracts.canaries.building import Halves, after_forward, after_init, before_forward, every_module, variant


def kwargs_init(self, *negotiated, **kwargs):
    raise NotImplementedError


def flat(action):
    return after_forward(Halves, lambda self, view: action(view))


def remember(self, view):
    self.calls = self.calls + 1
    return view


def first_batch(self, x):
    if not hasattr(self, "offset"):
        self.offset = x.mean()
    return x - self.offset


class Projected(Representation):
    axes = CHANNEL_TIME

    def __init__(self, signal, /):
        super().__init__()
        self.register_buffer("weight", torch.randn(signal.samples, 3), persistent=False)

    def forward(self, x):
        return x @ self.weight


REPRESENTATIONS = [
    *every_module(Halves),
    ("parameter", after_init(Halves, lambda self: setattr(self, "w", nn.Parameter(torch.ones(1)))), "has parameters"),
    ("axes", variant(Halves, axes=CHANNEL_TIME), "expected 2 x any x any"),
    ("no axes", variant(Halves, axes=("time",)), "'axes' must be one of"),
    ("float64", flat(lambda view: view.double()), "float64"),
    ("no batch axis", flat(lambda view: view[0]), "of shape"),
    ("squeezes a batch of one", flat(lambda view: view.squeeze(0)), "for one sample"),
    ("NaN on silence", flat(lambda view: view / view.abs().amax((2, 3), keepdim=True)), "not finite on a silent"),
    (
        "NaN on a constant",
        flat(lambda view: (view - view.mean()) / view.std((2, 3), keepdim=True).sub(1e-9).sqrt()),
        "fini",
    ),
    ("overflows", flat(lambda view: view.exp()), "not finite for loud noise"),
    ("batch statistics", flat(lambda view: view - view.mean()), "mixes the samples"),
    ("neighbours", flat(lambda view: view.flip(0)), "mixes the samples"),
    ("buffer changes", after_forward(Halves, remember), "changes its parameters or buffers in eval mode"),
    ("remembers", before_forward(Halves, first_batch), "mixes the samples|answers otherwise|not restored"),
    ("augments", before_forward(Halves, lambda self, x: x.roll(1, -1) if self.training else x), "in training than in"),
    ("not restored", Projected, "not restored by its state dict"),
    ("mono only", before_forward(Halves, lambda self, x: x.view(len(x), 1, x.shape[2])), "failed"),
    ("even sizes only", before_forward(Halves, lambda self, x: x.view(len(x), x.shape[1], -1, 2)[..., 0]), "failed"),
    ("kwargs", variant(Halves, __init__=kwargs_init), r"takes \*"),
]
