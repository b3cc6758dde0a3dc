"""Randomness that leaves no trace: the generators of the caller are as they were afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def own_randomness(seed: int | None = None) -> Iterator[None]:
    """Run a block with torch generators of its own, on the CPU and on every GPU.

    Parameters
    ----------
    seed : int, optional
        Their seed; without one they go on from where those of the caller stand.
    """
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        if seed is not None:
            torch.manual_seed(seed)
        yield
