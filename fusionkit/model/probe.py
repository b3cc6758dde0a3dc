"""Probing: what a component returns is held against what it declares, and the one that lied is named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from fusionkit.errors import FusionkitError, PluginError
from fusionkit.interfaces import Encoder, Features, Fuser, Representation, SignalSpec
from fusionkit.model.seeding import own_randomness
from fusionkit.registry import Component

PROBE_BATCH = 2


def create(component: Component, *negotiated: object, options: Mapping[str, object]) -> Any:
    """Make a component; what it raises, other than an expected error, names it."""
    try:
        return component.create(*negotiated, options=options)
    except FusionkitError:
        raise
    except Exception as error:
        raise PluginError(f"{component} of {component.provider} failed: {type(error).__name__}: {error}") from error


def _probe(component: Component, module: torch.nn.Module, inputs: Tensor | Sequence[Features]) -> Any:
    """Run a module once without leaving a trace: eval mode, no gradient, random state untouched."""
    tensors = [inputs] if isinstance(inputs, Tensor) else [t for one in inputs for t in (one.tokens, one.vector)]
    before = [tensor.clone() for tensor in tensors]
    training = module.training
    try:
        with own_randomness(), torch.no_grad():
            output = module.eval()(inputs)
    except FusionkitError:
        raise
    except Exception as error:
        shapes = " and ".join(str(tuple(tensor.shape)) for tensor in tensors)
        raise PluginError(
            f"{component} of {component.provider} failed on an input of shape {shapes}: {type(error).__name__}: {error}"
        ) from error
    finally:
        module.train(training)
    if not all(map(torch.equal, before, tensors)):
        raise PluginError(f"{component} of {component.provider} changed its input in place")
    return output


def probe_representation(component: Component, module: Representation, signal: SignalSpec) -> Tensor:
    """Return the view of a silent signal; a component that lies about it is named."""
    view = _probe(component, module, torch.zeros(PROBE_BATCH, signal.channels, signal.samples))
    if next(module.parameters(), None) is not None:
        raise PluginError(f"{component} of {component.provider} has parameters; a representation has buffers only")
    _expect(
        component, f"view ({', '.join(('batch', *module.axes))})", view, (PROBE_BATCH, *([None] * len(module.axes)))
    )
    return torch.as_tensor(view)


def probe_encoder(component: Component, module: Encoder, view: Tensor) -> Features:
    """Return the features of a view; a component that lies about their widths is named."""
    features = _probe(component, module, view)
    if not isinstance(features, Features):
        raise PluginError(f"{component} of {component.provider} returned {type(features).__name__}; expected Features")
    _expect(component, "tokens", features.tokens, (PROBE_BATCH, None, module.token_dim))
    _expect(component, "vector", features.vector, (PROBE_BATCH, module.embed_dim))
    return features


def _expect(component: Component, what: str, found: object, shape: tuple[int | None, ...]) -> None:
    def fault(text: str) -> PluginError:
        return PluginError(f"{component} of {component.provider} returned {what} {text}")

    wanted = " x ".join("any" if size is None else str(size) for size in shape)
    if not isinstance(found, Tensor):
        raise fault(f"of type {type(found).__name__}; expected a tensor {wanted}")
    fits = len(shape) == found.ndim and all(w in (None, s) for w, s in zip(shape, found.shape, strict=True))
    if not fits or found.numel() == 0:
        raise fault(f"of shape {tuple(found.shape)}; expected {wanted}")
    if found.dtype != torch.float32:
        raise fault(f"of type {found.dtype}; expected torch.float32")
    if not bool(torch.isfinite(found).all()):
        raise fault("that is not finite on a silent signal")


def probe_fuser(component: Component, fuser: Fuser, features: Sequence[Features], num_outputs: int) -> None:
    """Run a fuser on features of `PROBE_BATCH` windows; one that returns anything but logits is named."""
    _expect(component, "logits", _probe(component, fuser, features), (PROBE_BATCH, num_outputs))
