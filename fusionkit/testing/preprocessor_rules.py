"""The rules of a preprocessor."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from fusionkit.interfaces import Preprocessor
from fusionkit.testing.inference_rules import samples
from fusionkit.testing.subject import Subject, subject

_SAMPLE_RATES = (1000.0, 2205.0)
_SHAPES = ((1, 1), (1, 512), (2, 777), (12, 100))
_TOLERANCE = 1e-3


def check_preprocessor(
    component_class: type[Preprocessor], sample_rates: Sequence[float] | None = None, /, **options: object
) -> None:
    """Check that a preprocessor keeps the rules of its interface.

    Parameters
    ----------
    component_class : type
        The preprocessor.
    sample_rates : sequence of float, optional
        Rates in Hz that it is made for; by default 1000 and 2205 Hz.
    **options : object
        Its options; what is not given keeps its default.

    Raises
    ------
    ConformanceError
        If it breaks a rule; the message names the preprocessor and the rule.
    """
    checked = subject("preprocessor", component_class, options)
    for sample_rate in sample_rates or _SAMPLE_RATES:
        with checked.watched():
            preprocessor: Preprocessor = checked.create(sample_rate)
            generator = torch.get_rng_state()
            context = preprocessor.context
            checked.expect(
                isinstance(context, int | float) and math.isfinite(context) and context >= 0,
                f"has the context {context!r}; expected a number of seconds, 0 or more",
            )
            for shape in _SHAPES:
                for signal in samples(shape, loud=3e4).numpy():
                    _check_signal(checked, preprocessor, signal)
            _check_context(checked, preprocessor, sample_rate)
            checked.expect(torch.equal(generator, torch.get_rng_state()), "draws random numbers")


def _check_signal(checked: Subject, preprocessor: Preprocessor, signal: NDArray[np.float32]) -> None:
    given = signal.copy()
    changed = preprocessor(signal)
    checked.expect(np.array_equal(signal, given), "changes its input in place")
    checked.expect(isinstance(changed, np.ndarray), f"returns {type(changed).__name__}; expected a numpy array")
    checked.expect(changed.shape == given.shape, f"returns the shape {changed.shape} for {given.shape}")
    checked.expect(changed.dtype == np.float32, f"returns {changed.dtype}; expected float32")
    checked.expect(bool(np.isfinite(changed).all()), "returns values that are not finite")
    kept = changed.copy()
    checked.expect(np.array_equal(preprocessor(given), kept), "answers otherwise when it is asked again")


def _check_context(checked: Subject, preprocessor: Preprocessor, sample_rate: float) -> None:
    """Hold a window with its context against the same stretch of a longer signal with drift and noise."""
    context, length = math.ceil(preprocessor.context * sample_rate), 256
    outside = context + 512
    time = np.arange(2 * outside + length) / sample_rate
    noise = np.random.default_rng(0).normal(size=time.size)
    whole = (1 + np.sin(2 * np.pi * time / 10) + noise).astype(np.float32)[np.newaxis]
    expected = preprocessor(whole)[:, outside : outside + length]
    found = preprocessor(whole[:, outside - context : outside + length + context])[:, context : context + length]
    checked.expect(
        bool(np.abs(found - expected).max() <= _TOLERANCE * np.abs(whole).max()),
        f"depends on more than {preprocessor.context:g} s before and after a window; expected a longer context",
    )
