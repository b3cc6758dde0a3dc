"""A process that computes blocks of rows for another one: what it is sent, it computes and writes at its place.

It takes pickles from the process that started it, through a pipe that nobody else holds, and no others. It ends when
that pipe does, so that nothing is left behind when its owner is killed.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys

from fusionkit.data.row_job import Block, RowJob, write_block

START = f"import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); from {__name__} import main; main()"
"""The program, as text: the script of the caller is not imported, whatever it would do then."""


def main() -> None:
    """Take a job and a file, then a number at a time, and answer each with a `Block` or an error."""
    # Ctrl-C reaches every process of a terminal; the owner decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a component that prints must not disturb the answers
    job: RowJob | None = None
    try:
        while True:
            asked = pickle.load(sys.stdin.buffer)
            try:
                if job is None:
                    job, path, offset = pickle.loads(asked)
                    file = os.open(path, os.O_RDWR)
                    continue
                answer: Block | Exception = write_block(job, asked, file, offset)
            except Exception as error:
                answer = error
            answers.write(_pickled(answer))
            answers.flush()
    except (EOFError, BrokenPipeError):
        return


def _pickled(answer: Block | Exception) -> bytes:
    try:
        return pickle.dumps(answer)
    except Exception:  # an error of a plugin that cannot be sent
        return pickle.dumps(RuntimeError(f"{type(answer).__name__}: {answer}"))
