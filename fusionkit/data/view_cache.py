"""Signals and views on disk: computed once, shared by runs, never trusted without their hash."""

from __future__ import annotations

import hashlib
import logging
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from fusionkit.data.cache_entry import open_entry, remove_entry, write_entry
from fusionkit.data.cache_folder import cache_folder
from fusionkit.data.code_version import code_version
from fusionkit.data.entry_lock import sweep
from fusionkit.data.parallel_blocks import Progress, default_workers
from fusionkit.data.row_job import RowJob, SignalJob, ViewJob
from fusionkit.data.stored_rows import DamagedEntryError, StoredRows
from fusionkit.data.windows import WindowReader
from fusionkit.errors import ResourceError

if TYPE_CHECKING:
    from torch import nn

_VERSION = 3
_ATTEMPTS = 4
BLOCK = 8  # windows; more are slower on a CPU: fresh memory costs more than the calls


class ViewCache:
    """Arrays under ``FOLDER/views``, each in a folder named by a hash of all that decides its values.

    An entry is written under a temporary name beside its place and renamed, so that runs may share a cache; one of them
    computes an entry, the others wait for it, and take over if it dies. Rows that do not match their hash are computed
    anew. Where the disk is full or read-only, arrays lie in a temporary file that nobody else sees.

    Parameters
    ----------
    folder : Path, optional
        By default `cache_folder`.
    warn : callable
        Called with a line when an entry is damaged, and once when nothing can be written.
    workers : int, optional
        Processes that compute; by default as many as there are cores, at most ``OMP_NUM_THREADS``.
    """

    def __init__(
        self, folder: Path | None = None, warn: Callable[[str], None] | None = None, workers: int | None = None
    ) -> None:
        self._folder = (cache_folder() if folder is None else folder) / "views"
        self._warn = warn or logging.getLogger(__name__).warning
        self._workers = default_workers() if workers is None else workers
        self._writable = True
        swept = sweep(self._folder)
        if swept:
            self._warn(f"deleted what {len(swept)} killed runs had left unfinished in {self._folder}")

    def signals(self, reader: WindowReader, windows: pd.DataFrame, progress: Progress | None = None) -> StoredRows:
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
        StoredRows [window, channel, time] of float32
        """
        job = SignalJob(reader, windows.to_dict("records"), BLOCK)
        return self._get(["signals", code_version("data"), reader.key(windows)], "signals", job, progress)

    def views(
        self, module: nn.Module, key: str, signals: StoredRows, label: str = "views", progress: Progress | None = None
    ) -> StoredRows:
        """Return the view of every signal.

        Parameters
        ----------
        module : nn.Module
            A representation.
        key : str
            Its name, version and options: all that decides a view beside the signal.
        signals : StoredRows [window, channel, time]
            What `signals` returned.
        label : str
            What the entry is called before people.
        progress : callable, optional
            Called with the number of windows computed so far and of all.

        Returns
        -------
        StoredRows [window, *axes] of float32
        """
        job = ViewJob(module, signals, BLOCK)
        return self._get(["views", code_version("data"), key, signals.name], label, job, progress)

    def _get(self, parts: list[str], label: str, job: RowJob, progress: Progress | None) -> StoredRows:
        name = hashlib.sha256("\n".join([f"{_VERSION} {BLOCK}", *parts]).encode()).hexdigest()
        if self._writable:
            try:
                return self._open_or_write(self._folder / name, label, job, progress)
            except OSError as error:
                self._writable = False
                reason = error.strerror or str(error)
                self._warn(
                    f"views are computed for this run alone, in {tempfile.gettempdir()}: the cache {self._folder} "
                    f"cannot be written: {reason}"
                )
        return self._unkept(name, label, job, progress)

    def _open_or_write(self, entry: Path, label: str, job: RowJob, progress: Progress | None) -> StoredRows:
        for _ in range(_ATTEMPTS):
            try:
                return open_entry(entry, job, self._warn)
            except FileNotFoundError:
                write_entry(entry, label, job, self._workers, progress)
            except DamagedEntryError as error:
                self._warn(f"cache entry {entry} is computed anew: {error}")
                remove_entry(entry)
        raise OSError(f"{entry} does not keep what is written")

    def _unkept(self, name: str, label: str, job: RowJob, progress: Progress | None) -> StoredRows:
        """Return rows that lie in a file without a name, which ends with this process."""
        try:
            folder = Path(tempfile.mkdtemp(prefix="fusionkit-"))
            try:
                write_entry(folder / name, label, job, 1, progress)
                return open_entry(folder / name, job, self._warn)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
        except OSError as error:
            raise ResourceError(
                f"views of {job.length} windows fit neither into the cache nor into {tempfile.gettempdir()}: "
                f"{error.strerror or error}; free space, or name folders with room in FUSIONKIT_CACHE or TMPDIR"
            ) from error
