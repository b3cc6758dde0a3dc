"""fusionkit's own way through a training of ``audiofuse@published``, on arrays in memory or on disk."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fusionkit.config.layers import overlay
from fusionkit.config.presets import preset_tables
from fusionkit.config.resolve import resolve
from fusionkit.config.run_config import RunConfig
from fusionkit.config.toml import from_tables
from fusionkit.data.recordings import ArrayRecordings
from fusionkit.data.spec import IN_MEMORY
from fusionkit.registry import Registry
from fusionkit.run.prepare import Prepared, prepare
from fusionkit.run.reporter import SilentReporter

SAMPLES, RATE = 110_250, 22_050.0
PRESET = "audiofuse@published"
CLASSES = ("normal", "abnormal")


def published(registry: Registry, spec: str = IN_MEMORY, **training: object) -> RunConfig:
    """Return the preset with other data: all records learn but a fifth for validation, and nothing stops early."""
    changes = {
        "data": {"spec": spec},
        "split": {"split": "record", "test_fraction": 0.0, "validation_fraction": 0.2, "validation": "own"},
        "training": {"epochs": 1_000_000, "patience": 0, "selection": "last", **training},
    }
    tables = overlay(preset_tables(registry, PRESET), changes)
    tables.pop("repeats", None)
    return resolve(from_tables(tables, PRESET), registry, with_dataset=spec != IN_MEMORY)


def prepared_arrays(
    config: RunConfig, registry: Registry, x: NDArray[np.float32], labels: Sequence[str] | NDArray[np.str_]
) -> Prepared:
    """Return what a run learns from, of signals [record, 1, time] at the rate of the preset."""
    return prepare(config, registry, ArrayRecordings(x, RATE, labels), SilentReporter())


def noise(count: int) -> tuple[NDArray[np.float32], NDArray[np.str_]]:
    """Return signals whose values do not matter, one in five of them abnormal."""
    x = np.random.default_rng(0).standard_normal((count, 1, SAMPLES), dtype=np.float32)
    return x, np.array([CLASSES[number % 5 == 0] for number in range(count)])
