"""Which device and which number format a run uses."""

from __future__ import annotations

import torch

from fusionkit.errors import ResourceError, UsageError


def choose_device(name: str) -> torch.device:
    """Return the device that a user named; ``auto`` takes a GPU when there is one.

    Raises
    ------
    UsageError
        If the name is none of auto, cpu, cuda and cuda:N.
    ResourceError
        If that GPU is not there.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    kind, _, number = name.partition(":")
    if kind not in ("cpu", "cuda") or not (number.isdecimal() or (kind == name)) or (kind == "cpu" and number):
        raise UsageError(f"device {name!r} is unknown; use auto, cpu, cuda or cuda:N")
    if kind == "cuda" and int(number or 0) >= torch.cuda.device_count():
        raise ResourceError(f"device {name!r} is not there: {torch.cuda.device_count()} GPU(s) found; use --device cpu")
    return torch.device(name)


def choose_precision(name: str) -> torch.dtype:
    """Return the number format of the step: bfloat16 runs under autocast, anything else is float32."""
    return torch.bfloat16 if name == "bfloat16" else torch.float32
