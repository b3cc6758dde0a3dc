"""The rules of an encoder."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from fusionkit.interfaces import CHANNEL_FREQ_TIME, CHANNEL_TIME, Axes, Encoder
from fusionkit.model.probe import probe_encoder
from fusionkit.testing.inference_rules import check_inference, check_round_trip, samples
from fusionkit.testing.learning_rules import parameters_reached
from fusionkit.testing.subject import Subject, subject

_VIEW_SHAPES: dict[Axes, tuple[tuple[int, ...], ...]] = {
    CHANNEL_TIME: ((1, 256), (2, 333), (12, 250)),
    CHANNEL_FREQ_TIME: ((1, 32, 48), (2, 33, 47), (12, 64, 20)),
}
_NUM_OUTPUTS = 3


def check_encoder(
    component_class: type[Encoder], view_shapes: Sequence[tuple[int, ...]] | None = None, /, **options: object
) -> None:
    """Check that an encoder keeps the rules of its interface.

    Parameters
    ----------
    component_class : type
        The encoder.
    view_shapes : sequence of tuple of int, optional
        Shapes of the views that it is made for; by default views of 1, 2 and 12 channels with odd sizes among them, for
        all axes that it accepts.
    **options : object
        Its options; what is not given keeps its default.

    Raises
    ------
    ConformanceError
        If it breaks a rule; the message names the encoder and the rule.
    """
    checked = subject("encoder", component_class, options)
    shapes = view_shapes or [shape for axes in component_class.accepts for shape in _VIEW_SHAPES[axes]]
    for shape in shapes:
        with checked.watched():
            encoder: Encoder = checked.create(shape)
            inputs = [samples(shape, loud=100.0)]
            probe_encoder(checked.component, encoder, torch.zeros(2, *shape))
            check_inference(checked, encoder, _call, inputs)
            _check_learning(checked, encoder, inputs[0])
            check_round_trip(checked, encoder, checked.create(shape, seed=1), _call, inputs)


def _check_learning(checked: Subject, encoder: Encoder, view: Tensor) -> None:
    head, other = encoder.classifier(_NUM_OUTPUTS), encoder.classifier(_NUM_OUTPUTS)
    taken = {id(parameter) for parameter in (*encoder.parameters(), *other.parameters())}
    shared = any(id(parameter) in taken for parameter in head.parameters())
    checked.expect(not shared, "shares parameters between its classifiers; expected a new one for every call")
    encoder.train()
    shape = head(encoder(view).vector).shape
    expected = (len(view), _NUM_OUTPUTS)
    checked.expect(shape == expected, f"has a classifier that returns {tuple(shape)}; expected {expected}")
    parameters = {
        **dict(encoder.named_parameters()),
        **{f"classifier.{name}": parameter for name, parameter in head.named_parameters()},
    }
    reached = parameters_reached(parameters, lambda: head(encoder(view).vector))
    dead = sorted(parameters.keys() - reached)
    checked.expect(not dead, f"has parameters that classifier(vector) never trains: {', '.join(dead)}")


def _call(module: nn.Module, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
    features = module(*inputs)
    return features.tokens, features.vector
