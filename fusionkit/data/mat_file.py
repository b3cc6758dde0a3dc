"""Read signals from MATLAB files."""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusionkit.data.array_layout import RATE_NAMES, array_header, as_signal, choose_variable
from fusionkit.data.file_state import file_state
from fusionkit.data.guarded_process import Answer, GuardedProcess, ProcessDiedError
from fusionkit.data.signal_header import Declared, SignalHeader
from fusionkit.errors import DataError

_SECONDS = 5.0
_BYTES_A_SECOND = 20e6
_MOST_BYTES = 1 << 28
_NUMBERS = frozenset(
    {"double", "single", "logical"} | {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
)
_HDF5 = b"\x89HDF\r\n\x1a\n"


class MatFile:
    """Reads the only array of a file of version 4 to 7.2, or the one that the manifest names.

    A number called ``sample_rate`` or ``fs`` in the file is its sample rate. Files are decoded in a process of their
    own; the last array that was read is kept in memory.
    """

    def __init__(self) -> None:
        self._process = GuardedProcess(Path(__file__).with_name("mat_worker.py"), _payload)
        self._array = lru_cache(maxsize=1)(self._decode)
        self._content = lru_cache(maxsize=1)(self._list)

    def header(self, path: Path, declared: Declared) -> SignalHeader:
        """Return the header; no array but the sample rate is decoded."""
        shapes, numbers = self._content(path, *file_state(path))
        rates = [numbers[name] for name in RATE_NAMES if name in numbers]
        return array_header(
            path, shapes[choose_variable(path, shapes, declared)], rates[0] if rates else declared.sample_rate
        )

    def samples(self, path: Path, declared: Declared, start: int, stop: int) -> NDArray[np.float32]:
        """Return the numbers as they are."""
        shapes, _ = self._content(path, *file_state(path))
        array = self._array(path, *file_state(path), choose_variable(path, shapes, declared))
        return as_signal(path, array, start, stop)

    def _list(self, path: Path, modified: int, size: int) -> tuple[dict[str, tuple[int, ...]], dict[str, float]]:
        del modified, size
        with path.open("rb") as file:
            start = file.read(520)
        if start.startswith(b"MATLAB 7.3") or _HDF5 in (start[:8], start[512:]):
            raise DataError(f"{path}: is a .mat file of version 7.3, which is not read; save it with -v7 in MATLAB")
        answer, _ = self._ask(path, None)
        arrays = {name: tuple(shape) for name, shape, kind in answer["variables"] if kind in _NUMBERS}
        return arrays, answer["numbers"]

    def _decode(self, path: Path, modified: int, size: int, variable: str) -> NDArray[np.float32]:
        del modified, size
        answer, content = self._ask(path, variable)
        return np.frombuffer(content, "<f4").reshape(answer["shape"])

    def _ask(self, path: Path, variable: str | None) -> Answer:
        request = {"path": str(path), "variable": variable, "scalars": RATE_NAMES, "most": _MOST_BYTES}
        seconds = _SECONDS + path.stat().st_size / _BYTES_A_SECOND
        try:
            answer, content = self._process.ask(request, seconds)
        except ProcessDiedError as error:
            raise DataError(
                f"{path}: cannot be decoded: the decoder of .mat files {error}; get a new copy, or save it as .npy"
            ) from error
        if "error" in answer:
            raise DataError(f"{path}: {answer['error']}")
        return answer, content


def _payload(answer: dict[str, Any]) -> int:
    return 4 * math.prod(answer["shape"]) if "shape" in answer else 0
