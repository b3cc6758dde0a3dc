"""Which device and which number format a run uses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from fusionkit.errors import ResourceError, UsageError
from fusionkit.training.team import ALONE, Team


def choose_device(name: str, team: Team = ALONE) -> torch.device:
    """Return the device that a user named; ``auto`` takes a GPU when there is one, in a team one for every process.

    Raises
    ------
    UsageError
        If the name is none of auto, cpu, cuda and cuda:N, or names one GPU for several processes.
    ResourceError
        If that GPU is not there.
    """
    if not team.alone and name in ("auto", "cuda"):
        return _gpu_of(team, name)
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    kind, _, number = name.partition(":")
    if kind not in ("cpu", "cuda") or not (number.isdecimal() or (kind == name)) or (kind == "cpu" and number):
        raise UsageError(f"device {name!r} is unknown; use auto, cpu, cuda or cuda:N")
    if kind == "cuda" and not team.alone:
        raise UsageError(f"device {name!r} is one GPU, but there are {team.size} processes; use --device cuda or cpu")
    if kind == "cuda" and int(number or 0) >= torch.cuda.device_count():
        raise ResourceError(f"device {name!r} is not there: {torch.cuda.device_count()} GPU(s) found; use --device cpu")
    return torch.device(name)


def _gpu_of(team: Team, name: str) -> torch.device:
    found = torch.cuda.device_count()
    if found >= team.local_size:
        device = torch.device("cuda", team.local_rank)
        torch.cuda.set_device(device)  # what NCCL talks through
        return device
    if name == "auto":
        return torch.device("cpu")
    raise ResourceError(f"{team.local_size} processes need a GPU each: {found} GPU(s) found; use --device cpu")


def choose_precision(name: str) -> torch.dtype:
    """Return the number format of the step: bfloat16 runs under autocast, anything else is float32."""
    return torch.bfloat16 if name == "bfloat16" else torch.float32


def check_precision(name: str, device: torch.device) -> None:
    """Check that a device has a number format.

    Raises
    ------
    UsageError
        If it has not: TensorFloat-32 is a format of NVIDIA GPUs.
    """
    if name == "tf32" and device.type != "cuda":
        raise UsageError(f"precision 'tf32' is one of GPUs, and the device is {device}; use float32 or bfloat16")


@contextmanager
def gpu_products(name: str) -> Iterator[None]:
    """Let a GPU round the factors of float32 products to TensorFloat-32, or not; what was set before comes back.

    PyTorch by itself rounds those of convolutions and not those of matrices.

    Parameters
    ----------
    name : str
        The precision: ``tf32`` rounds both; anything else leaves all of float32.
    """
    places: list[Any] = [getattr(torch.backends.cudnn, part) for part in ("conv", "rnn")]
    places.append(torch.backends.cuda.matmul)
    before = [place.fp32_precision for place in places]
    try:
        for place in places:
            place.fp32_precision = "tf32" if name == "tf32" else "ieee"
        yield
    finally:
        for place, value in zip(places, before, strict=True):
            place.fp32_precision = value
