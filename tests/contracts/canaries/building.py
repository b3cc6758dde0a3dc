"""Right components, and ways to make each of them wrong."""

import functools
import random
from typing import Annotated

import numpy as np
import torch
from torch import nn

from fusionkit.interfaces import CHANNEL_FREQ_TIME, CHANNEL_TIME, Encoder, Features, Fuser, Representation
from fusionkit.options import Option


class Halves(Representation):
    axes = CHANNEL_FREQ_TIME

    def __init__(self, signal, /, *, gain: Annotated[float, Option("Factor.")] = 1.0):
        super().__init__()
        self.gain = gain
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        half = x.shape[-1] // 2
        return self.gain * torch.stack([x[..., :half], x[..., half : 2 * half]], dim=2)


class Steps(Encoder):
    accepts = (CHANNEL_TIME,)

    def __init__(self, view_shape, /, *, embed_dim: Annotated[int, Option("Width.", ge=1)] = 4):
        super().__init__()
        self.embed_dim = self.token_dim = embed_dim
        self.convolution = nn.Conv1d(view_shape[0], embed_dim, 3)
        self.norm = nn.BatchNorm1d(embed_dim)

    def forward(self, view):
        tokens = self.norm(self.convolution(view)).transpose(1, 2)
        return Features(tokens, tokens.square().mean(1))


class Joined(Fuser):
    def __init__(self, branches, num_outputs, /):
        super().__init__()
        self.num_outputs = num_outputs
        self.head = nn.Linear(sum(branch.embed_dim for branch in branches), num_outputs)

    def forward(self, features):
        return self.head(torch.cat([feature.vector for feature in features], dim=1))


def variant(interface, **methods):
    return type(f"Wrong{interface.__name__}", (interface,), methods)


def before_forward(interface, action):
    """Run an action on the module and its input before the right answer."""

    def forward(self, x):
        changed = action(self, x)
        return interface.forward(self, x if changed is None else changed)

    return variant(interface, forward=forward)


def after_forward(interface, action):
    return variant(interface, forward=lambda self, x: action(self, interface.forward(self, x)))


def after_init(interface, action):
    @functools.wraps(interface.__init__)
    def __init__(self, *negotiated):  # noqa: N807
        interface.__init__(self, *negotiated)
        action(self)

    return variant(interface, __init__=__init__)


def every_module(interface):
    """Return what can be wrong with any component, as (what, class, what the error says)."""
    first = (lambda x: x[0].vector) if interface is Joined else (lambda x: x)

    def mutate(self, x):
        first(x)[:, 0].add_(1)

    def numpy_draw(self, x):
        np.random.rand()  # noqa: NPY002

    def seed_numpy(self):
        np.random.seed(3)  # noqa: NPY002

    def print_it(self, x):
        print("shape", len(x))  # noqa: T201

    def draw(self, x):
        torch.rand(1)

    return [
        ("mutates", before_forward(interface, mutate), "in place"),
        ("draws", before_forward(interface, draw), "draws random numbers in eval mode"),
        ("prints", before_forward(interface, print_it), "prints to stdout: 'shape"),
        ("draws from numpy", before_forward(interface, numpy_draw), "global random state of NumPy"),
        ("seeds numpy", after_init(interface, seed_numpy), "global random state of NumPy"),
        ("seeds python", after_init(interface, lambda self: random.seed(3)), "global random state of Python"),
        ("dtype", after_init(interface, lambda self: torch.set_default_dtype(torch.float64)), "default dtype"),
        ("threads", after_init(interface, lambda self: torch.set_num_threads(7)), "number of threads"),
        ("raises", before_forward(interface, lambda self, x: x.missing), "AttributeError"),
        (
            "abstract",
            type("Wrong", (interface.__mro__[1],), {"axes": CHANNEL_TIME, "accepts": (CHANNEL_TIME,)}),
            "lacks",
        ),
    ]
