"""The rules of a representation."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from fusionkit.interfaces import Representation, SignalSpec
from fusionkit.model.probe import probe_representation
from fusionkit.testing.inference_rules import check_inference, check_round_trip, samples
from fusionkit.testing.subject import subject

_SIGNALS = (SignalSpec(1, 512, 500.0), SignalSpec(2, 777, 360.0), SignalSpec(12, 1000, 250.0), SignalSpec(1, 2001, 2e3))


def check_representation(
    component_class: type[Representation], signals: Sequence[SignalSpec] | None = None, /, **options: object
) -> None:
    """Check that a representation keeps the rules of its interface.

    Parameters
    ----------
    component_class : type
        The representation.
    signals : sequence of SignalSpec, optional
        What it is made for; by default signals of 1, 2 and 12 channels, with odd sizes among them.
    **options : object
        Its options; what is not given keeps its default.

    Raises
    ------
    ConformanceError
        If it breaks a rule; the message names the representation and the rule.
    """
    checked = subject("representation", component_class, options)
    for signal in signals or _SIGNALS:
        with checked.watched():
            module: Representation = checked.create(signal)
            probe_representation(checked.component, module, signal)
            inputs = [samples((signal.channels, signal.samples), loud=3e4)]
            check_inference(checked, module, _call, inputs)
            check_round_trip(checked, module, checked.create(signal, seed=1), _call, inputs)
            (evaluated,), (trained,) = _call(module.eval(), inputs), _call(module.train(), inputs)
            checked.expect(torch.equal(evaluated, trained), "gives another view in training than in eval mode")


def _call(module: nn.Module, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
    return (module(*inputs),)
