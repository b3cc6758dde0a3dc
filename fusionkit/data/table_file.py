"""Read signals from CSV tables."""

from __future__ import annotations

import csv
import warnings
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fusionkit.data.file_state import file_state
from fusionkit.data.signal_header import Declared, SignalHeader
from fusionkit.errors import DataError

_LONGEST = 1 << 30
_LONGEST_LINE = 1 << 20
_TIMES = frozenset({"", "time", "times", "t", "timestamp", "seconds", "sec", "index", "sample", "unnamed: 0"})


class TableFile:
    """Reads a row a sample, with channel names in the first row; the manifest says its sample rate.

    The last table that was read is kept in memory.
    """

    def header(self, path: Path, declared: Declared) -> SignalHeader:
        """Return the header, after reading the table as a whole."""
        names = _names(path)
        if declared.sample_rate is None:
            raise DataError(
                f"{path}: does not state its sample rate; give it in the column sample_rate of the manifest"
            )
        samples = _table(path, *file_state(path)).shape[1]
        return SignalHeader(len(names), samples, declared.sample_rate, names)

    def samples(self, path: Path, declared: Declared, start: int, stop: int) -> NDArray[np.float32]:  # noqa: ARG002
        """Return the numbers as they are; an empty cell is NaN."""
        return _table(path, *file_state(path))[:, start:stop]


def _names(path: Path) -> tuple[str, ...]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        line = file.readline(_LONGEST_LINE)
    names = tuple(name.strip() for name in next(csv.reader([line]), []))
    if len(names) == 1 and (";" in line or "\t" in line):
        raise DataError(f"{path}: has no commas in its first row; expected a table with commas between its columns")
    if names and names[0].lower() in _TIMES:
        raise DataError(
            f"{path}: its first column is {names[0]!r}; remove it, and give sample_rate in the manifest in its place"
        )
    if not names or len(set(names)) != len(names) or not all(names):
        raise DataError(f"{path}: its first row is {line.strip()[:80]!r}; expected channel names, each another")
    if any(map(_is_number, names)):
        raise DataError(f"{path}: has numbers in its first row, {line.strip()[:80]!r}; expected channel names")
    return names


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=1)
def _table(path: Path, modified: int, size: int) -> NDArray[np.float32]:  # noqa: ARG001
    if size > _LONGEST:
        raise DataError(f"{path}: is a table of {size} bytes; expected at most {_LONGEST}: save it as .npy or .wav")
    names = _names(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(
                path,
                names=list(names),
                header=0,
                index_col=False,
                dtype=np.float64,
                encoding="utf-8-sig",
                skip_blank_lines=False,
            )
    except (ValueError, pd.errors.ParserWarning) as error:
        raise DataError(f"{path}: is no table of numbers: {' '.join(str(error).split())}") from error
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(frame.to_numpy(dtype=np.float32).T)
