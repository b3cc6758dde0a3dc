"""Reading the next batch while a GPU works on this one."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import torch

Key = TypeVar("Key")
Found = TypeVar("Found")


def read_ahead(read: Callable[[Key], Found], keys: Iterable[Key], device: torch.device) -> Generator[Found, None, None]:
    """Yield what is read for every key, in their order.

    On a CPU each is read when it is its turn: all cores compute already. For another device a thread reads the next one
    meanwhile, so that the device does not wait for the disk; closing the generator ends the thread.

    Parameters
    ----------
    read : callable
        Called with a key, for one key at a time; what it raises is raised when it is the turn of that key.
    keys : iterable
        What to read.
    device : torch.device
        Where the caller computes.
    """
    if device.type == "cpu":
        yield from map(read, keys)
        return
    with ThreadPoolExecutor(1) as thread:
        ahead: Future[Found] | None = None
        for key in keys:
            current, ahead = ahead, thread.submit(read, key)
            if current is not None:
                yield current.result()
        if ahead is not None:
            yield ahead.result()
