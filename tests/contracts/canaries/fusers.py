"""Wrong fusers."""

import torch
from torch import nn

from fusionkit.interfaces import Stage
from tests.contracts.canaries.building import Joined, after_forward, after_init, every_module, variant


def whole(fuser, encoders, views):
    return fuser([encoder(view) for encoder, view in zip(encoders, views, strict=True)])


def stage(fuser, encoders):
    return Stage("all", (*encoders, fuser), lambda views: whole(fuser, encoders, views))


def head_stage(fuser, encoders):
    """Train the head over vectors that are computed once."""
    return Stage(
        "head",
        (fuser.head,),
        lambda inputs: fuser.head(torch.cat(tuple(inputs), dim=1)),
        lambda views: tuple(encoder(view).vector for encoder, view in zip(encoders, views, strict=True)),
    )


def hidden_gate(self, features):
    return self.head(torch.cat([features[0].vector, *(0 * f.vector for f in features[1:])], dim=1))


def stages(*makers):
    return variant(Joined, stages=lambda self, encoders: [make(self, encoders) for make in makers])


def half_of_the_encoders(fuser, encoders):
    return Stage("part", (encoders[0], fuser), lambda views: whole(fuser, encoders, views))


def thawing(fuser, encoders):
    def logits(inputs):
        encoders[0].train()
        return whole(fuser, encoders, inputs)

    return Stage("thawing", (fuser,), logits)


def drifting(fuser, encoders):
    return Stage(
        "drifting",
        (fuser,),
        lambda inputs: inputs[0] + 0 * fuser.head.bias,
        lambda views: (whole(fuser, encoders, views) + fuser.head.bias,),
    )


def foreign(fuser, encoders):
    extra = nn.Linear(1, 1)
    return Stage("foreign", (extra,), lambda views: extra(views[0][:, 0, :1]))


def other_logits(fuser, encoders):
    return Stage("other", (*encoders, fuser), lambda views: -whole(fuser, encoders, views))


FUSERS = [
    *every_module(Joined),
    ("outputs", after_forward(Joined, lambda self, logits: torch.cat([logits, logits], 1)), "logits of shape"),
    ("probabilities of the batch", after_forward(Joined, lambda self, logits: logits.softmax(0)), "mixes the samples"),
    ("float64", after_forward(Joined, lambda self, logits: logits.double()), "float64"),
    ("squeezed", after_forward(Joined, lambda self, logits: logits.squeeze(1)), "logits of shape"),
    ("ignores branches", variant(Joined, forward=hidden_gate), "never train encoders.1"),
    (
        "dead parameter",
        after_init(Joined, lambda self: setattr(self, "dead", nn.Linear(1, 1))),
        "never train fuser.dead",
    ),
    (
        "NaN on silence",
        after_forward(Joined, lambda self, logits: (logits * 1e3).exp()),
        "finite",
    ),
    (
        "needs two",
        variant(Joined, forward=lambda self, f: Joined.forward(self, f) + f[1].vector.sum() * 0),
        "IndexError",
    ),
    ("no stages", stages(), "expected different names"),
    ("one name twice", stages(stage, stage), "expected different names"),
    ("a branch without a stage", stages(half_of_the_encoders), r"\(fuser\) that never train encoders.1"),
    ("encoders without a stage", stages(head_stage), r"\(fuser\) that never train encoders.0"),
    ("changes what is frozen", stages(stage, thawing), "'thawing' that changes what it freezes: encoders.0.tokens.2"),
    ("frozen inputs that change", stages(stage, drifting), "'drifting' whose frozen inputs change"),
    ("learns outside the model", stages(stage, foreign), "'foreign' without parameters of the model"),
    ("other logits", stages(other_logits), "does not give the logits of the model"),
]
