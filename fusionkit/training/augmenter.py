"""Random changes of training batches: a pure function of seed, epoch and window."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fusionkit.errors import PluginError
from fusionkit.interfaces import Augmentation, Mixing
from fusionkit.model.inference import Inputs, RowArray, on_device

_VIEW_AXES = 3


class Augmenter:
    """Makes the inputs of training batches.

    Parameters
    ----------
    steps : sequence of (str, Augmentation or Mixing)
        Name and component, applied in order; those of level ``signal`` come before those of level ``view``.
    names : sequence of str
        Name of every window: what its randomness follows from, besides seed and epoch.
    signals : array [window, channel, time]
        The signal of every window; read only where an augmentation changes signals.
    views_of : callable
        Maps signals [batch, channel, time] to the view of every branch.
    seed : int
        Seed of the run.
    """

    def __init__(
        self,
        steps: Sequence[tuple[str, Augmentation | Mixing]],
        names: Sequence[str],
        signals: RowArray,
        views_of: Callable[[Tensor], Sequence[Tensor]],
        seed: int,
    ) -> None:
        changes = [(name, step) for name, step in steps if isinstance(step, Augmentation)]
        self._of_signals = [(name, step) for name, step in changes if step.level == "signal"]
        self._of_views = [(name, step) for name, step in changes if step.level == "view"]
        self._mixings = [(name, step) for name, step in steps if isinstance(step, Mixing)]
        self._numbers = [int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little") for name in names]
        self._signals, self._views_of, self._seed = signals, views_of, seed

    def source(self, views: Inputs) -> Inputs:
        """Return what is changed: the signals, or, where no augmentation changes signals, the views."""
        return [self._signals] if self._of_signals else views

    def inputs(
        self, views: Inputs, read: list[Tensor], rows: NDArray[np.int64], epoch: int, device: torch.device
    ) -> list[Tensor]:
        """Return the changed views of some windows.

        Parameters
        ----------
        views : sequence of array [window, ...], or LiveViews
            The unchanged view of every branch.
        read : list of Tensor [window, ...]
            What `read_rows` returned of the source.
        rows : array
            The windows.
        epoch : int
            From 1.
        device : torch.device
            Where the views are wanted.
        """
        rngs = [np.random.default_rng([self._seed, epoch, self._numbers[row]]) for row in rows]
        if self._of_signals:
            changed = _changed(self._of_signals, read[0], rngs).to(device)
            with torch.no_grad():
                batch = list(self._views_of(changed))
        else:
            batch = on_device(views, read, device)
        if not self._of_views:
            return batch
        # A view of one channel and time only is no picture: augmentations of views leave it alone.
        return [_changed(self._of_views, view, rngs) if view.ndim == _VIEW_AXES + 1 else view for view in batch]

    def shares(self, rows: NDArray[np.int64], epoch: int) -> NDArray[np.float32] | None:
        """Return the share of every window in its mixture with another one; None where nothing is mixed."""
        if not self._mixings:
            return None
        shares = np.ones(len(rows), dtype=np.float32)
        for number, (name, mixing) in enumerate(self._mixings):
            for place, row in enumerate(rows):
                rng = np.random.default_rng([self._seed, epoch, self._numbers[row], number + 1])
                share = float(mixing.share(rng))
                if not 0 <= share <= 1:
                    raise PluginError(f"augmentation {name!r} gave the share {share}; expected a number from 0 to 1")
                shares[place] *= share
        return shares


def _changed(steps: Sequence[tuple[str, Augmentation]], batch: Tensor, rngs: Sequence[np.random.Generator]) -> Tensor:
    samples = list(batch)
    for name, step in steps:
        for place, sample in enumerate(samples):
            changed = step(sample, rngs[place])
            if changed.shape != sample.shape or not bool(torch.isfinite(changed).all()):
                raise PluginError(
                    f"augmentation {name!r} gave {tuple(changed.shape)} with "
                    f"{int((~torch.isfinite(changed)).sum())} values that are not finite; expected finite values of "
                    f"the shape {tuple(sample.shape)}"
                )
            samples[place] = changed
    return torch.stack(samples)
