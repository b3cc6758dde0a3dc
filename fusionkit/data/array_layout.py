"""How an array without names and rate is understood as a signal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusionkit.data.signal_header import Declared, SignalHeader
from fusionkit.errors import DataError

RATE_NAMES = ("sample_rate", "fs", "Fs")


def array_header(path: Path, shape: tuple[int, ...], rate: float | None) -> SignalHeader:
    """Return the header of an array [channel, time] or [time].

    Parameters
    ----------
    path : Path
        The file, for messages.
    shape : tuple of int
        Shape of the array.
    rate : float, optional
        Samples a second, from the file or the manifest.

    Raises
    ------
    DataError
        If the array has other axes or the rate is not known.
    """
    channels, samples = signal_shape(path, shape)
    if rate is None:
        raise DataError(f"{path}: does not state its sample rate; give it in the column sample_rate of the manifest")
    return SignalHeader(channels, samples, rate, tuple(map(str, range(channels))))


def signal_shape(path: Path, shape: tuple[int, ...]) -> tuple[int, int]:
    """Return channels and samples of an array [channel, time] or [time]; a single row or column is one channel."""
    long = [length for length in shape if length != 1] or [1]
    if len(shape) > 2 or not shape:
        raise DataError(f"{path}: holds an array of shape {shape}; expected [channel, time] or [time]")
    if len(long) == 1:
        return 1, long[0]
    channels, samples = long
    if channels > samples > 0:
        raise DataError(
            f"{path}: holds {channels} channels of {samples} samples; expected [channel, time]: transpose the array"
        )
    return channels, samples


def as_signal(path: Path, array: NDArray[Any], start: int, stop: int) -> NDArray[np.float32]:
    """Return samples [channel, time] of an array that `signal_shape` understands."""
    part = array.reshape(signal_shape(path, array.shape))[:, start:stop]
    with np.errstate(over="ignore"):
        return np.array(part, dtype=np.float32)


def choose_variable(path: Path, shapes: Mapping[str, tuple[int, ...]], declared: Declared) -> str:
    """Return the variable that holds the signal: the declared one, or the only array of numbers.

    Parameters
    ----------
    path : Path
        The file, for messages.
    shapes : mapping of str to tuple of int
        The arrays of numbers in the file.
    declared : Declared
        May name the variable.

    Raises
    ------
    DataError
        If the variable is not in the file, or several could be the signal.
    """
    names = ", ".join(shapes) or "none"
    if declared.variable:
        if declared.variable not in shapes:
            raise DataError(f"{path}: has no array of numbers {declared.variable!r}; it has {names}")
        return declared.variable
    arrays = [name for name, shape in shapes.items() if name not in RATE_NAMES and np.prod(shape, dtype=object) > 1]
    if len(arrays) != 1:
        raise DataError(
            f"{path}: has {len(arrays)} arrays that could be the signal (in it: {names}); "
            "name one in the column variable of the manifest"
        )
    return arrays[0]
