"""Preprocessors in a row, checked at the boundary."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fusionkit.errors import PluginError
from fusionkit.interfaces import Preprocessor


class Preprocessing:
    """Applies preprocessors one after the other.

    Parameters
    ----------
    steps : sequence of (str, Preprocessor)
        Name and component.
    key : str
        All that decides what they do: names, options, versions.
    """

    def __init__(self, steps: Sequence[tuple[str, Preprocessor]] = (), key: str = "") -> None:
        self._steps = tuple(steps)
        self.key = key
        self.context = sum(step.context for _, step in steps)
        """How far before and after a window samples change its values, in s."""

    def __call__(self, x: NDArray[np.float32], record: str) -> NDArray[np.float32]:
        """Return the changed signal [channel, time].

        Raises
        ------
        PluginError
            If a preprocessor fails, or returns another shape, NaN or infinity.
        """
        for name, step in self._steps:
            try:
                changed = np.asarray(step(x), dtype=np.float32)
            except Exception as error:
                raise PluginError(
                    f"preprocessor {name!r} failed on {record!r}: {type(error).__name__}: {error}"
                ) from error
            if changed.shape != x.shape or not np.isfinite(changed).all():
                fault = "NaN or infinity" if changed.shape == x.shape else f"the shape {changed.shape}"
                raise PluginError(
                    f"preprocessor {name!r} gave {fault} for {record!r}; expected finite values of the shape {x.shape}"
                )
            x = changed
        return x


NO_PREPROCESSING = Preprocessing()
