"""The view of every branch for all windows: computed once, kept on disk, shared by all runs."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from fusionkit.data.stored_rows import StoredRows
from fusionkit.data.view_cache import BLOCK, ViewCache
from fusionkit.errors import DataError
from fusionkit.interfaces import SignalSpec
from fusionkit.model.fusion_model import FusionModel
from fusionkit.model.inference import RowArray, run_in_batches
from fusionkit.model.settings import BranchSettings
from fusionkit.registry import Registry
from fusionkit.run.component_key import component_key
from fusionkit.run.prepare import Prepared
from fusionkit.run.reporter import Reporter


def compute_views(
    model: FusionModel,
    branches: Sequence[BranchSettings],
    registry: Registry,
    prepared: Prepared,
    cache: ViewCache,
    reporter: Reporter,
    *,
    live: bool = False,
) -> tuple[RowArray, list[RowArray]]:
    """Return the signals and the view of every branch, on disk, computed only where the cache lacks them.

    Parameters
    ----------
    model : FusionModel
        Its representations make the views.
    branches : sequence of BranchSettings
        Names and options, which are part of the key of a view.
    registry : Registry
        Knows the version of every representation, which is part of the key too.
    prepared : Prepared
        The windows.
    cache : ViewCache
        Where views are kept.
    reporter : Reporter
        Is told of progress.
    live : bool
        Whether views are computed in every step instead, so that there are none to return.
    """
    signals = cache.signals(prepared.reader, prepared.windows, partial(reporter.progress, "reading windows"))
    views: list[RowArray] = []
    if live:
        return signals, views
    for name, branch, module in zip(model.branch_names, branches, model.representations, strict=True):
        progress = partial(reporter.progress, f"views of {name}")
        # Damaged rows are computed anew later, on the CPU, when the model may be elsewhere.
        kept = copy.deepcopy(module)
        view = cache.views(kept, view_key(registry, branch, model.signal), signals, branch.representation, progress)
        if not view.finite:
            _refuse_not_finite(name, view, prepared)
        views.append(view)
    return signals, views


def _refuse_not_finite(branch: str, view: StoredRows, prepared: Prepared) -> None:
    """Name the recordings whose view holds NaN or infinity, as that of samples near the largest float does."""
    bad = [
        start + int(row)
        for start in range(0, len(view), BLOCK)
        for row in np.flatnonzero(~np.isfinite(view[start : start + BLOCK]).all(axis=tuple(range(1, len(view.shape)))))
    ]
    records = prepared.windows["record"].iloc[bad].unique()
    raise DataError(
        f"branch {branch!r}: the views of {len(records)} recordings hold NaN or infinity; leave these out",
        [str(record) for record in records],
    )


def view_arrays(model: FusionModel, signals: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Return the view of every branch for signals in memory."""
    rows = np.arange(len(signals))
    device = torch.device("cpu")
    views = run_in_batches(lambda x: tuple(model.views(x[0])), [signals], rows, batch_size=BLOCK, device=device)
    return [view.numpy() for view in views]


def view_key(registry: Registry, branch: BranchSettings, signal: SignalSpec) -> str:
    """Return what decides a view besides the samples: their rate, and the representation with its code and options."""
    key = component_key(registry, "representation", branch.representation, branch.representation_options)
    return f"{signal.sample_rate!r} {key}"
