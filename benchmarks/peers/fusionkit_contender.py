"""fusionkit in a race: training as a run trains, or prediction as a run predicts.

    python -m benchmarks.peers.fusionkit_contender train|predict float32|bfloat16 [--batch-size 32]
        [--views memory|mapped|cold] [--windows 160] [--compile]

Views are computed once, as in a run. ``mapped`` ones lie in the cache on disk and have been read before, so that the
system has them in its memory; ``cold`` ones were dropped from it, so that the first epoch reads, and checks, them all.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.peers.fusionkit_side import noise, prepared_arrays, published
from benchmarks.peers.pacer import Pacer
from fusionkit import __version__
from fusionkit.data.view_cache import ViewCache
from fusionkit.model.counting import total_parameters
from fusionkit.plugins import build_registry
from fusionkit.run.experiment import build_model, run_folds
from fusionkit.run.fold import predict_views
from fusionkit.run.reporter import SilentReporter
from fusionkit.run.views import compute_views
from fusionkit.training.memory import keep_freed_memory
from fusionkit.training.progress import EpochDone, StepDone


class PacedReporter(SilentReporter):
    """Tells a pacer of every step, without what lies between two epochs."""

    def __init__(self, pacer: Pacer) -> None:
        self._pacer = pacer

    def training(self, event: StepDone | EpochDone) -> None:
        """Take a step or an epoch."""
        if isinstance(event, StepDone):
            self._pacer.done()
        else:
            self._pacer.again()


def forget(folder: Path) -> None:
    """Have the system drop the files of a folder from its memory; what is mapped and was read stays."""
    for file in filter(Path.is_file, folder.rglob("*")):
        descriptor = os.open(file, os.O_RDONLY)
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def main() -> None:
    """Work for ever."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", choices=["train", "predict"])
    parser.add_argument("precision", choices=["float32", "bfloat16"])
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--views", choices=["memory", "mapped", "cold"], default="memory")
    parser.add_argument("--windows", type=int, default=160)
    parser.add_argument("--compile", action="store_true")
    chosen = parser.parse_args()
    pacer = Pacer()
    keep_freed_memory()  # as the command line does
    registry = build_registry()[0]
    config = published(
        registry, precision=chosen.precision, batch_size=chosen.batch_size, compile=chosen.compile, device="cpu"
    )
    prepared = prepared_arrays(config, registry, *noise(chosen.windows))
    model = build_model(config, registry, prepared)
    reporter = PacedReporter(pacer)
    with tempfile.TemporaryDirectory() as folder:
        cache = ViewCache(Path(folder), warn=_refuse)
        signals, views = compute_views(model, config.branches, registry, prepared, cache, reporter)
        if chosen.views == "cold":
            forget(Path(folder))
        else:
            arrays = [view[:] for view in views]  # reads them all
            views = [np.array(array) for array in arrays] if chosen.views == "memory" else views
        pacer.ready(fusionkit=__version__, parameters=total_parameters(model))
        if chosen.work == "train":
            run_folds(config, registry, prepared, model, signals, views, reporter, lambda *_: None)
            return
        while True:
            predict_views(
                model, prepared.task, views, np.arange(4 * chosen.batch_size), chosen.batch_size, chosen.precision
            )
            pacer.done()


def _refuse(text: str) -> None:
    raise SystemExit(text)


if __name__ == "__main__":
    main()
