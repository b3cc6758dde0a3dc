"""The program that decodes .mat files in a process of its own, because a damaged file can crash the decoder.

A request is a line of JSON: ``path``, ``variable`` (null: list what is there), ``scalars`` (names), ``most`` (bytes).
The answer is a line of JSON: ``error``, or ``variables`` ([name, shape, kind]) and ``numbers`` (the scalars), or
``shape``, which the samples follow as little-endian float32 in C order.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import loadmat, whosmat

if sys.platform != "win32":
    import resource

_MEMORY = 2 << 30
_SECONDS = 10
_BYTES_A_SECOND = 20_000_000


def serve() -> None:
    """Answer requests until there are no more."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    answers.write(b"{}\n")
    answers.flush()
    for line in sys.stdin.buffer:
        request = json.loads(line)
        payload = b""
        try:
            _limit(Path(request["path"]).stat().st_size)
            answer, payload = _answer(**request)
        except MemoryError:
            answer = {"error": "takes too much memory to decode"}
        except Exception as error:  # whatever a damaged file provokes
            answer = {"error": f"cannot be decoded: {' '.join(str(error).split())[:200] or type(error).__name__}"}
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.write(payload)
        answers.flush()


def _limit(size: int) -> None:
    if sys.platform != "win32":
        usage = resource.getrusage(resource.RUSAGE_SELF)
        _lower(resource.RLIMIT_AS, _MEMORY + 2 * size)
        _lower(resource.RLIMIT_CPU, int(usage.ru_utime + usage.ru_stime) + _SECONDS + size // _BYTES_A_SECOND)


def _lower(kind: int, wanted: int) -> None:
    hard = resource.getrlimit(kind)[1]
    resource.setrlimit(kind, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


def _answer(path: str, variable: str | None, scalars: list[str], most: int) -> tuple[dict[str, Any], bytes]:
    found: list[Any] = whosmat(path, appendmat=False)
    if variable is None:
        single = [name for name, shape, _ in found if name in scalars and np.prod(shape) == 1]
        values = loadmat(path, appendmat=False, variable_names=single) if single else {}
        numbers = {name: float(np.asarray(values[name]).item()) for name in single}
        variables = [[name, [int(axis) for axis in shape], kind] for name, shape, kind in found]
        return {"variables": variables, "numbers": numbers}, b""
    shape = next(shape for name, shape, _ in found if name == variable)
    if 4 * float(np.prod(shape, dtype=float)) > most:
        return {"error": f"declares {variable!r} of shape {tuple(shape)}; expected at most {most} bytes"}, b""
    array = np.asarray(loadmat(path, appendmat=False, variable_names=[variable])[variable])
    if array.dtype.kind not in "fiub":
        return {"error": f"has no plain numbers in {variable!r}"}, b""
    return {"shape": list(array.shape)}, np.ascontiguousarray(array, dtype="<f4").tobytes()


if __name__ == "__main__":
    serve()
