"""Optimisers that leave torch.compile alone."""

from __future__ import annotations

import inspect
from typing import TypeVar, cast

import torch
from torch.optim import Optimizer

_Kind = TypeVar("_Kind", bound=Optimizer)

_WRAPPED = ("state_dict", "load_state_dict", "zero_grad", "add_param_group")


def eager(kind: type[_Kind]) -> type[_Kind]:
    """Return an optimiser of PyTorch without what hides its methods from torch.compile.

    No optimiser is compiled here, but the wrappers around its methods import torch.compile when they are first called,
    which is a third of the time from the start of a process to its first step.

    Parameters
    ----------
    kind : type of Optimizer
        A class of `torch.optim`.

    Returns
    -------
    type of Optimizer
        A subclass of the same name that takes the same steps; not for ``differentiable``, nor for pickle.
    """
    methods = {name: inspect.unwrap(getattr(kind, name)) for name in _WRAPPED}
    step = torch.no_grad()(inspect.unwrap(kind.step))
    return cast("type[_Kind]", type(kind.__name__, (kind,), {**methods, "step": step}))
