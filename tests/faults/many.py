"""Trials in processes of their own."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

Trial = Callable[[], str]


def many(trials: Sequence[Trial], jobs: int, seconds: float = float("inf")) -> Iterator[str]:
    """Return what each trial says, an error included; none is begun when the time is up.

    The processes are forked, so that nothing is imported again.
    """
    answer = partial(_answer, latest=time.monotonic() + seconds)
    with multiprocessing.get_context("fork").Pool(jobs) as pool:
        yield from (text for text in pool.imap_unordered(answer, trials) if text is not None)


def _answer(trial: Trial, latest: float) -> str | None:
    if time.monotonic() > latest:
        return None
    try:
        return trial()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
