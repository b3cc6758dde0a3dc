"""Processes that compute blocks of rows for this one."""

from __future__ import annotations

import concurrent.futures
import contextlib
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from fusionkit.data.block_worker import START
from fusionkit.data.row_job import Block, RowJob
from fusionkit.errors import ResourceError

_ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
_LOOK = 0.2  # s


class BlockHelpers:
    """Processes that compute, each served by a thread of this one.

    They are started afresh, not forked, because the threads of torch do not survive a fork; and the script of the
    caller is not imported in them. They end when this process does, however it ends, because their input ends then.

    Parameters
    ----------
    job : RowJob
        Computes a block.
    path : Path
        The file that it is written to.
    offset : int
        Where the first row of all lies, in bytes.
    take : callable
        Returns the number of the next block, from any thread; None when there are no more.
    """

    def __init__(self, job: RowJob, path: Path, offset: int, take: Callable[[], int | None]) -> None:
        self._task = (job, str(path), offset)
        self._take = take
        self._processes: list[subprocess.Popen[bytes]] = []
        self._served: list[concurrent.futures.Future[None]] = []
        self.blocks: list[Block] = []
        """What they have computed so far."""

    def start(self, count: int) -> None:
        """Start some processes; none for a job that cannot be sent, as one of classes of a script."""
        try:
            task = pickle.dumps(self._task)
        except Exception:
            return
        if b"__main__" in task:
            return
        pool = concurrent.futures.ThreadPoolExecutor(count)
        for _ in range(count):
            with _without_interrupts():
                process = subprocess.Popen(
                    [sys.executable, "-c", START],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    env=os.environ | _ONE_THREAD,
                )
            self._processes.append(process)
            self._served.append(pool.submit(self._serve, process, pickle.dumps(sys.path) + pickle.dumps(task)))
        pool.shutdown(wait=False)

    def check(self) -> None:
        """Raise what went wrong in any of them."""
        for served in self._served:
            if served.done():
                served.result()

    def wait(self) -> bool:
        """Wait a moment; return whether any is still at work."""
        left = concurrent.futures.wait(self._served, _LOOK, concurrent.futures.FIRST_EXCEPTION).not_done
        self.check()
        return bool(left)

    def stop(self) -> None:
        """End them at once."""
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.wait()
        concurrent.futures.wait(self._served)

    def _serve(self, process: subprocess.Popen[bytes], opening: bytes) -> None:
        assert process.stdin is not None  # started with pipes
        assert process.stdout is not None
        try:
            with process.stdout as answers, process.stdin as questions:
                questions.write(opening)
                while (number := self._take()) is not None:
                    questions.write(pickle.dumps(number))
                    questions.flush()
                    answer = pickle.load(answers)
                    if isinstance(answer, Exception):
                        raise answer
                    self.blocks.append(answer)
        except (BrokenPipeError, EOFError, pickle.UnpicklingError) as error:
            code = process.wait()
            raise ResourceError(
                f"a worker that computes views was killed (out of memory?; exit status {code}); free memory, or let "
                "fewer work at once: OMP_NUM_THREADS=1 computes in one process"
            ) from error


@contextlib.contextmanager
def _without_interrupts() -> Iterator[None]:
    """Hold Ctrl-C back; what is started meanwhile never gets it, not even before it could say that it wants none."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
