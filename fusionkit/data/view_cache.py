"""Signals and views on disk: computed once, shared by runs, never trusted without their hash."""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fusionkit.data.cache_entry import DamagedEntryError, open_entry, remove_entry, sweep, write_entry
from fusionkit.data.code_version import code_version
from fusionkit.data.content import array_hash
from fusionkit.data.windows import WindowReader

if TYPE_CHECKING:
    from torch import nn

Progress = Callable[[int, int], None]

_VERSION = 1
_ATTEMPTS = 4


def cache_folder() -> Path:
    """Return where views are kept.

    That is ``$FUSIONKIT_CACHE``, else ``$XDG_CACHE_HOME/fusionkit``, else ``~/.cache/fusionkit``, else, where there is
    no home, ``fusionkit`` in the folder for temporary files.
    """
    for variable, below in (("FUSIONKIT_CACHE", "."), ("XDG_CACHE_HOME", "fusionkit"), ("HOME", ".cache/fusionkit")):
        folder = os.environ.get(variable)
        if folder:
            return Path(folder, below)
    return Path(tempfile.gettempdir(), "fusionkit")


class ViewCache:
    """Arrays under ``FOLDER/views``, each in a folder named by a hash of all that decides its values.

    An entry is written under a temporary name beside its place and renamed, so that runs may share a cache. One that
    does not match its hash is computed anew. Where the disk is full or read-only, arrays are kept in memory.

    Parameters
    ----------
    folder : Path, optional
        By default `cache_folder`.
    warn : callable
        Called with a line when an entry is damaged, and once when nothing can be written.
    """

    def __init__(self, folder: Path | None = None, warn: Callable[[str], None] | None = None) -> None:
        self._folder = (cache_folder() if folder is None else folder) / "views"
        self._warn = warn or logging.getLogger(__name__).warning
        self._writable = True
        sweep(self._folder)

    def signals(
        self, reader: WindowReader, windows: pd.DataFrame, progress: Progress | None = None
    ) -> NDArray[np.float32]:
        """Return all windows of a plan.

        Parameters
        ----------
        reader : WindowReader
            Reads a window.
        windows : DataFrame
            The plan, at least one row.
        progress : callable, optional
            Called with the number of windows read so far and of all.

        Returns
        -------
        ndarray [window, channel, time] of float32
            Read-only; memory-mapped where it could be written.
        """
        rows: list[dict[Any, Any]] = windows.to_dict("records")

        def batches() -> Iterator[NDArray[np.float32]]:
            for position, row in enumerate(rows):
                yield reader.read(row)[None]
                if progress:
                    progress(position + 1, len(rows))

        return self._get(["signals", code_version("data"), reader.key(windows)], len(rows), batches)

    def views(
        self,
        module: nn.Module,
        key: str,
        signals: NDArray[np.float32],
        batch_size: int = 32,
        progress: Progress | None = None,
    ) -> NDArray[np.float32]:
        """Return the view of every signal.

        Parameters
        ----------
        module : nn.Module
            A representation.
        key : str
            Its name, version and options: all that decides a view beside the signal.
        signals : ndarray [window, channel, time]
            At least one window.
        batch_size : int
            Windows that are computed together.
        progress : callable, optional
            Called with the number of windows computed so far and of all.

        Returns
        -------
        ndarray [window, *axes] of float32
            Read-only; memory-mapped where it could be written.
        """
        import torch

        def batches() -> Iterator[NDArray[np.float32]]:
            for start in range(0, len(signals), batch_size):
                with torch.no_grad():
                    view = module(torch.from_numpy(np.array(signals[start : start + batch_size])))
                yield view.numpy()
                if progress:
                    progress(min(start + batch_size, len(signals)), len(signals))

        return self._get(["views", key, array_hash(signals)], len(signals), batches)

    def _get(
        self, parts: list[str], length: int, batches: Callable[[], Iterator[NDArray[np.float32]]]
    ) -> NDArray[np.float32]:
        entry = self._folder / hashlib.sha256("\n".join([str(_VERSION), *parts]).encode()).hexdigest()
        if self._writable:
            try:
                return self._open_or_write(entry, length, batches)
            except OSError as error:
                self._writable = False
                reason = error.strerror or str(error)
                self._warn(f"views are kept in memory: the cache {self._folder} cannot be written: {reason}")
        array = np.concatenate(list(batches()))
        array.flags.writeable = False
        return array

    def _open_or_write(
        self, entry: Path, length: int, batches: Callable[[], Iterator[NDArray[np.float32]]]
    ) -> NDArray[np.float32]:
        for _ in range(_ATTEMPTS):
            try:
                return open_entry(entry)
            except FileNotFoundError:
                write_entry(entry, length, batches())
            except DamagedEntryError as error:
                self._warn(f"cache entry {entry} is computed anew: {error}")
                remove_entry(entry)
        raise OSError(f"{entry} does not keep what is written")
