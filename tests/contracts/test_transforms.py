"""Preprocessors, augmentations and mixings keep the rules, and the checks find those that are wrong on purpose."""

import random

import numpy as np
import pytest
import torch

from fusionkit.augmentations.gain import Gain
from fusionkit.augmentations.mixup import Mixup
from fusionkit.augmentations.noise import Noise
from fusionkit.augmentations.polarity import Polarity
from fusionkit.augmentations.spec_augment import SpecAugment
from fusionkit.augmentations.time_shift import TimeShift
from fusionkit.hookspecs import hookimpl
from fusionkit.interfaces import Augmentation, Mixing, Preprocessor
from fusionkit.preprocessors.bandpass import Bandpass
from fusionkit.preprocessors.baseline import Baseline
from fusionkit.preprocessors.notch import Notch
from fusionkit.preprocessors.spikes import Spikes
from fusionkit.testing import ConformanceError, check_augmentation, check_preprocessor, conformance


class Plugin:
    @hookimpl
    def register_preprocessors(self, register):
        for component in (Bandpass, Notch, Baseline, Spikes):
            register(component.__name__.lower(), component)

    @hookimpl
    def register_augmentations(self, register):
        for component in (Gain, Polarity, TimeShift, Noise, SpecAugment, Mixup):
            register(component.__name__.lower(), component)


@conformance(Plugin())
def test_transform_keeps_the_rules(check):
    check()


@pytest.mark.parametrize(
    ("check", "component", "options"),
    [
        (check_preprocessor, Bandpass, {"low": 0.5, "high": None}),
        (check_preprocessor, Bandpass, {"low": None, "high": 30.0, "order": 5}),
        (check_preprocessor, Notch, {"freq": 60.0, "harmonics": 8}),
        (check_preprocessor, Baseline, {"widths": (0.1,)}),
        (check_preprocessor, Spikes, {"frame": 1e-6, "threshold": 4.0, "context": 0.0}),
        (check_augmentation, TimeShift, {"max_shift": 0.01, "fill": "zeros"}),
        (check_augmentation, Noise, {"colour": "pink", "p": 1.0}),
        (check_augmentation, SpecAugment, {"freq_mask_share": 1.0, "time_mask_share": 1.0}),
        (check_augmentation, Mixup, {"alpha": 1000.0, "p": 0.5}),
    ],
)
def test_other_options_keep_the_rules(check, component, options):
    check(component, **options)


def test_other_sample_rates_may_be_given():
    check_preprocessor(Bandpass, [4000.0])
    with pytest.raises(ConformanceError, match="high is 400 Hz"):
        check_preprocessor(Bandpass, [700.0])


class Doubled(Preprocessor):
    def __init__(self, sample_rate, /):
        self.calls = 0

    def __call__(self, x, /):
        return 2 * x


class Scaled(Augmentation):
    level = "signal"

    def __init__(self, sample_rate, /):
        self.calls = 0

    def __call__(self, x, rng, /):
        return x * rng.uniform(0.5, 2)


class Halved(Mixing):
    def __init__(self, /):
        self.calls = 0

    def share(self, rng, /):
        return rng.uniform(0.4, 0.6)


@pytest.mark.parametrize(
    ("check", "right"), [(check_preprocessor, Doubled), (check_augmentation, Scaled), (check_augmentation, Halved)]
)
def test_what_the_canaries_are_made_of_keeps_the_rules(check, right):
    check(right)


def doubled(action, context=0.0):
    return type("WrongDoubled", (Doubled,), {"__call__": lambda self, x, /: action(self, x), "context": context})


def scaled(action, level="signal"):
    return type("WrongScaled", (Scaled,), {"__call__": lambda self, x, rng, /: action(self, x, rng), "level": level})


def halved(action):
    return type("WrongHalved", (Halved,), {"share": lambda self, rng, /: action(self, rng)})


def after(draw, answer):
    draw()
    return answer


def seed_itself(self, sample_rate, /):
    self.factor = np.random.default_rng().uniform()


def counted(self):
    self.calls += 1
    return self.calls


def moving_mean(self, x):
    return np.stack([np.convolve(channel, np.ones(9, np.float32) / 9, "same")[: x.shape[1]] for channel in x])


PREPROCESSORS = [
    ("mutates", doubled(lambda self, x: np.multiply(x, 2, out=x)), "changes its input in place"),
    ("tensor", doubled(lambda self, x: torch.from_numpy(2 * x)), "returns Tensor; expected a numpy array"),
    ("shape", doubled(lambda self, x: x[:, 1:]), "returns the shape"),
    ("float64", doubled(lambda self, x: x.astype(np.float64)), "returns float64; expected float32"),
    ("NaN on silence", doubled(lambda self, x: x / np.sqrt(np.square(x).sum())), "NaN|invalid|finite"),
    ("infinite", doubled(lambda self, x: np.full_like(x, np.inf)), "returns values that are not finite"),
    ("remembers", doubled(lambda self, x: counted(self) * x), "answers otherwise when it is asked again"),
    ("draws from numpy", doubled(lambda self, x: after(np.random.rand, 2 * x)), "global random state of NumPy"),
    ("draws from python", doubled(lambda self, x: after(random.random, 2 * x)), "global random state of Python"),
    ("draws from torch", doubled(lambda self, x: after(lambda: torch.rand(1), 2 * x)), "draws random numbers"),
    ("prints", doubled(lambda self, x: after(lambda: print("hum"), 2 * x)), "prints to stdout: 'hum"),  # noqa: T201
    ("raises", doubled(lambda self, x: x.missing), "AttributeError"),
    ("no context", doubled(moving_mean), "depends on more than 0 s before and after a window; expected a longer"),
    ("short context", doubled(moving_mean, 0.001), "depends on more than 0.001 s"),
    ("sees the recording", doubled(lambda self, x: x - x.mean()), "depends on more than 0 s"),
    ("negative context", doubled(lambda self, x: x, -1.0), "has the context -1.0; expected a number of seconds"),
    ("endless context", doubled(lambda self, x: x, float("inf")), "has the context inf"),
    ("abstract", type("WrongDoubled", (Preprocessor,), {}), "lacks __call__"),
]
AUGMENTATIONS = [
    ("mutates", scaled(lambda self, x, rng: x.mul_(rng.uniform(0.5, 2))), "changes its input in place"),
    ("array", scaled(lambda self, x, rng: x.numpy()), "returns ndarray; expected a tensor"),
    ("shape", scaled(lambda self, x, rng: x[:, 1:]), "returns the shape"),
    ("float64", scaled(lambda self, x, rng: x.double()), "returns torch.float64; expected torch.float32"),
    ("NaN on silence", scaled(lambda self, x, rng: x / x.abs().amax()), "returns values that are not finite"),
    ("remembers", scaled(lambda self, x, rng: x * counted(self)), "answers otherwise for the same generator"),
    (
        "random when made",
        type("WrongScaled", (Scaled,), {"__init__": seed_itself, "__call__": lambda self, x, rng, /: x * self.factor}),
        "answers otherwise for the same generator",
    ),
    (
        "own generator",
        scaled(lambda self, x, rng: x * np.random.default_rng().uniform()),
        "answers otherwise for the same generator",
    ),
    ("draws from torch", scaled(lambda self, x, rng: after(lambda: torch.rand(1), 2 * x)), "random state of PyTorch"),
    ("draws from numpy", scaled(lambda self, x, rng: after(np.random.rand, 2 * x)), "random state of NumPy"),
    ("does nothing", scaled(lambda self, x, rng: x), "changes nothing for 16 generators"),
    ("takes views only", scaled(lambda self, x, rng: x.permute(0, 2, 1)), "RuntimeError"),
    ("flattens", scaled(lambda self, x, rng: x.flatten(1), "view"), "returns the shape"),
    ("level", scaled(lambda self, x, rng: 2 * x, "record"), "'level' must be 'signal' or 'view'"),
    ("abstract", type("WrongScaled", (Augmentation,), {"level": "view"}), "lacks __call__"),
]
MIXINGS = [
    ("above one", halved(lambda self, rng: 1.5), "returns the share 1.5; expected a float from 0 to 1"),
    ("NaN", halved(lambda self, rng: float("nan")), "returns the share nan"),
    ("tensor", halved(lambda self, rng: torch.tensor(0.5)), "returns the share tensor"),
    (
        "remembers",
        halved(lambda self, rng: counted(self) / 1000 * rng.random()),
        "answers otherwise for the same generator",
    ),
    (
        "own generator",
        halved(lambda self, rng: np.random.default_rng().random()),
        "answers otherwise for the same generator",
    ),
    ("draws from torch", halved(lambda self, rng: float(torch.rand(1)) * 0 + 0.5), "random state of PyTorch"),
    ("mixes nothing", halved(lambda self, rng: 1.0), "mixes nothing for 16 generators"),
    ("abstract", type("WrongHalved", (Mixing,), {}), "lacks share"),
]


@pytest.mark.parametrize(
    ("check", "wrong", "message"),
    [
        pytest.param(check, wrong, message, id=f"{check.__name__}-{what}".replace(" ", "-"))
        for check, canaries in (
            (check_preprocessor, PREPROCESSORS),
            (check_augmentation, AUGMENTATIONS),
            (check_augmentation, MIXINGS),
        )
        for what, wrong, message in canaries
    ],
)
def test_wrong_transform_is_found_and_named(check, wrong, message):
    with pytest.raises(ConformanceError, match=message) as caught:
        check(wrong)
    assert f"'{wrong.__name__.lower()}' of " in str(caught.value)
