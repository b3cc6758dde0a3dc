"""Compute blocks of rows here and, where it pays, in other processes as well."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from fusionkit.data.block_helpers import BlockHelpers
from fusionkit.data.row_job import Block, RowJob, write_block

Progress = Callable[[int, int], None]

_WORTH = 6.0  # s of work left; processes take 2 to 3 s to start, so that less is done sooner alone
_TRIED = 0.5  # s of work that the rest is estimated from


def default_workers() -> int:
    """Return the cores that this process may use: those of its affinity, at most ``OMP_NUM_THREADS``."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limit = os.environ.get("OMP_NUM_THREADS", "")
    return min(cores, max(1, int(limit))) if limit.isdecimal() else cores


def write_blocks(
    job: RowJob, numbers: range, path: Path, offset: int, workers: int, progress: Progress | None = None
) -> list[Block]:
    """Compute blocks and write them at their places in a file.

    This process computes; once half a second of work tells that the rest would take 6 s or more, others help. Who
    computes a block changes nothing in it.

    Parameters
    ----------
    job : RowJob
        Computes a block.
    numbers : range
        The blocks that are wanted.
    path : Path
        The file, which is as long as it will be.
    offset : int
        Where the first row of all lies, in bytes.
    workers : int
        Processes that compute, this one included.
    progress : callable, optional
        Called in this thread with the number of rows computed so far and of all.

    Raises
    ------
    ResourceError
        If another process was killed.
    OSError
        If the file cannot be written.
    """
    waiting, lock = iter(numbers), threading.Lock()

    def take() -> int | None:
        with lock:
            return next(waiting, None)

    def tell() -> None:
        if progress:
            finished = numbers.start + len(own) + len(helpers.blocks)
            progress(min(finished * job.block, job.length), job.length)

    own: list[Block] = []
    helpers = BlockHelpers(job, path, offset, take)
    file = os.open(path, os.O_RDWR)
    begun = time.monotonic()
    alone = workers < 2
    try:
        while (number := take()) is not None:
            own.append(write_block(job, number, file, offset))
            spent = time.monotonic() - begun
            if not alone and spent >= _TRIED:
                alone = True
                left = len(numbers) - len(own)
                if left and spent / len(own) * left >= _WORTH:
                    helpers.start(min(workers - 1, left))
            tell()
            helpers.check()
        while helpers.wait():
            tell()
        if helpers.blocks:
            tell()
    finally:
        helpers.stop()
        os.close(file)
    return sorted([*own, *helpers.blocks], key=lambda block: block.number)
