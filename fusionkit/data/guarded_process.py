"""Ask a program that may crash or hang, without crashing or hanging oneself."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

_START_SECONDS = 60.0
_LONGEST_LINE = 1 << 20

Answer = tuple[dict[str, Any], bytes]


class ProcessDiedError(Exception):
    """The program ended, or was ended because it took too long, before it had answered."""


class GuardedProcess:
    """A Python program that answers a line of JSON with a line of JSON and, where it says so, bytes after it.

    It is started when it is first asked, anew when it has died, and once in every forked process. It ends with the
    process that asks, because its input then ends.

    Parameters
    ----------
    program : Path
        Its file; its first line of output is ``{}`` when it is ready.
    payload : callable
        Says of an answer how many bytes follow it.
    """

    def __init__(self, program: Path, payload: Callable[[dict[str, Any]], int]) -> None:
        self._program = program
        self._payload = payload
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = os.getpid()
        self._lock = threading.Lock()
        atexit.register(self.close)

    def ask(self, request: dict[str, Any], seconds: float) -> Answer:
        """Send a request and return the answer and the bytes that follow it.

        Parameters
        ----------
        request : dict
            What can be written as JSON.
        seconds : float
            Longest time until the last byte is here.

        Raises
        ------
        ProcessDiedError
            If there is no whole answer in time.
        """
        self._notice_fork()
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._start()
            return self._exchange(json.dumps(request), seconds)

    def close(self) -> None:
        """End the program, if it is running."""
        self._notice_fork()
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdout, process.stdin):
            try:
                _open(pipe).close()
            except OSError:
                continue  # what was not yet sent has no reader

    def _notice_fork(self) -> None:
        if self._owner == os.getpid():
            return
        if self._process is not None:
            self._process.returncode = 0  # it is the parent's to end, not this process's
        self._owner, self._lock, self._process = os.getpid(), threading.Lock(), None

    def _start(self) -> None:
        self.close()
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(self._program)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
        )
        self._exchange(None, _START_SECONDS)

    def _exchange(self, request: str | None, seconds: float) -> Answer:
        process = self._process
        assert process is not None  # started by `ask`
        source, sink = _open(process.stdout), _open(process.stdin)
        late = threading.Event()

        def stop() -> None:
            late.set()  # first, because who waits for the answer may see the end before this function returns
            process.kill()

        timer = threading.Timer(seconds, stop)
        timer.daemon = True
        timer.start()
        try:
            if request is not None:
                sink.write(request.encode() + b"\n")
                sink.flush()
            answer = json.loads(source.readline(_LONGEST_LINE))
            size = self._payload(answer)
            content = source.read(size)
            if len(content) != size:
                raise EOFError
        except (OSError, ValueError, EOFError) as error:
            reason = f"took longer than {seconds:g} s" if late.is_set() else "crashed"
            self.close()
            raise ProcessDiedError(reason) from error
        finally:
            timer.cancel()
        return answer, content


def _open(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None  # every process is started with pipes
    return pipe
