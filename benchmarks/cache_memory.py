"""How much memory a data set takes whose signals and views are larger than what a process may hold.

    python -m benchmarks.cache_memory [--gigabytes 4]

Signals are made when they are read, never held; their views are computed, kept on disk, and read in random order in
batches of 32, as training does, by a process of its own. Printed is the largest part of its memory that was its own
(`RssAnon` of Linux): pages of the files that the system keeps as long as nobody needs the room are not counted, and
are the only ones that grow with the data.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from fusionkit.data.view_cache import ViewCache

SAMPLES = 110_250
LIMIT = 1.0  # GB


class Made:
    """Stands for a reader of windows: noise that follows from the number of the window."""

    def read(self, window: Mapping[Any, Any]) -> NDArray[np.float32]:
        """Make a window."""
        return np.random.default_rng(window["number"]).random((1, SAMPLES), dtype=np.float32)

    def key(self, windows: pd.DataFrame) -> str:
        """Name the windows."""
        return f"noise {len(windows)}"


def own_memory() -> float:
    """Return the memory that belongs to this process alone, in GB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) * 1024 / 1e9
    raise SystemExit("this needs Linux")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=4.0)
    arguments = parser.parse_args()
    count = round(arguments.gigabytes * 1e9 / 2 / (4 * SAMPLES))
    peak = 0.0

    def look(*_: int) -> None:
        nonlocal peak
        peak = max(peak, own_memory())

    with tempfile.TemporaryDirectory() as folder:
        cache = ViewCache(Path(folder), workers=1)
        look()
        print(f"before: {peak:.2f} GB")
        begun = time.perf_counter()
        signals = cache.signals(Made(), pd.DataFrame({"number": range(count)}), look)  # type: ignore[arg-type]
        views = cache.views(torch.nn.Tanh(), "tanh", signals, progress=look)
        size = 2 * views.path.stat().st_size / 1e9
        print(f"computed {size:.1f} GB in {time.perf_counter() - begun:.0f} s: at most {peak:.2f} GB")
        begun, total = time.perf_counter(), 0.0
        order = np.random.default_rng(0).permutation(count)
        for start in range(0, count, 32):
            total += float(views[order[start : start + 32]].sum(dtype=np.float64))
            look()
        print(f"read in random order in {time.perf_counter() - begun:.0f} s: at most {peak:.2f} GB")
        del signals, views
    if peak > LIMIT:
        sys.exit(f"more than {LIMIT} GB")
    print(f"{size / peak:.0f} times the memory of the process {os.getpid()}; sum {total:.6g}")


if __name__ == "__main__":
    main()
