"""The rules of an augmentation and of a mixing."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from fusionkit.interfaces import Augmentation, Mixing
from fusionkit.testing.inference_rules import samples
from fusionkit.testing.subject import Subject, subject

_SAMPLE_RATES = (500.0, 2205.0)
_SHAPES: dict[str, tuple[tuple[int, ...], ...]] = {
    "signal": ((1, 512), (2, 777), (12, 400)),
    "view": ((1, 32, 48), (2, 33, 47), (12, 64, 20)),
}
_SEEDS = 16
_OTHER_SOURCE = "answers otherwise for the same generator; expected all randomness from the generator given"


def check_augmentation(component_class: type[Augmentation] | type[Mixing], /, **options: object) -> None:
    """Check that an augmentation or a mixing keeps the rules of its interface.

    Parameters
    ----------
    component_class : type
        The augmentation or mixing.
    **options : object
        Its options; what is not given keeps its default.

    Raises
    ------
    ConformanceError
        If it breaks a rule; the message names the component and the rule.
    """
    checked = subject("augmentation", component_class, options)
    with checked.watched():
        if issubclass(component_class, Mixing):
            _check_mixing(checked)
        else:
            for sample_rate in _SAMPLE_RATES:
                _check_augmentation(checked, sample_rate, component_class.level)


def _check_augmentation(checked: Subject, sample_rate: float, level: str) -> None:
    augmentation: Augmentation = checked.create(sample_rate)
    fresh: Augmentation = checked.create(sample_rate)
    generator = torch.get_rng_state()
    effect = False
    for shape in _SHAPES[level]:
        for sample in samples(shape, loud=3e4):
            for seed in range(_SEEDS):
                given = sample.clone()
                changed = augmentation(sample, np.random.default_rng(seed))
                checked.expect(torch.equal(sample, given), "changes its input in place")
                _check_sample(checked, changed, given)
                effect |= not torch.equal(changed, given)
                kept = changed.clone()
                again = [module(given, np.random.default_rng(seed)) for module in (augmentation, fresh)]
                checked.expect(all(torch.equal(kept, answer) for answer in again), _OTHER_SOURCE)
    checked.expect(torch.equal(generator, torch.get_rng_state()), "draws from the global random state of PyTorch")
    checked.expect(effect, f"changes nothing for {_SEEDS} generators")


def _check_sample(checked: Subject, changed: object, given: Tensor) -> None:
    if not isinstance(changed, Tensor):
        checked.expect(False, f"returns {type(changed).__name__}; expected a tensor")
        return
    checked.expect(changed.shape == given.shape, f"returns the shape {tuple(changed.shape)} for {tuple(given.shape)}")
    checked.expect(changed.dtype == given.dtype, f"returns {changed.dtype}; expected {given.dtype}")
    checked.expect(bool(changed.isfinite().all()), "returns values that are not finite")


def _check_mixing(checked: Subject) -> None:
    mixing: Mixing = checked.create()
    fresh: Mixing = checked.create()
    generator = torch.get_rng_state()
    shares = [mixing.share(np.random.default_rng(seed)) for seed in range(_SEEDS)]
    for share in shares:
        fits = isinstance(share, float) and math.isfinite(share) and 0 <= share <= 1
        checked.expect(fits, f"returns the share {share!r}; expected a float from 0 to 1")
    for module in (mixing, fresh):
        again = [module.share(np.random.default_rng(seed)) for seed in range(_SEEDS)]
        checked.expect(shares == again, _OTHER_SOURCE)
    checked.expect(torch.equal(generator, torch.get_rng_state()), "draws from the global random state of PyTorch")
    checked.expect(any(share < 1 for share in shares), f"mixes nothing for {_SEEDS} generators")
