"""The leak of a run that starts from weights which have seen its test part."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from fusionkit.config.run_config import RunConfig
from fusionkit.errors import DataError
from fusionkit.registry import Registry
from fusionkit.run.prepare import Prepared
from fusionkit.run.saved_model import load_model
from fusionkit.run.seen_records import run_folder_of, seen_records

SHOWN = 20


def with_leaks_of_init(config: RunConfig, registry: Registry, prepared: Prepared) -> Prepared:
    """Return prepared data with a leak for the tested recordings that the initial weights have seen.

    Raises
    ------
    DataError
        If there are any and leaks are not allowed.
    """
    place = Path(str(config.training.init))
    tested = set(prepared.folds.loc[prepared.folds["split"] == "test", "record"])
    seen = seen_records(place, load_model(place, registry), config, tested)
    if not seen:
        return prepared
    more = ", ..." if len(seen) > SHOWN else ""
    leak = f"{len(seen)} tested recordings were seen by the run {place}: {', '.join(seen[:SHOWN])}{more}"
    if not config.split.allow_leak:
        raise DataError(
            "leak: the initial weights have seen recordings of the test part; use the split of that run (--split "
            f"{run_folder_of(place) / 'split.csv'}), or go on with --allow-leak, which stamps LEAKY on every table",
            [leak],
        )
    return dataclasses.replace(prepared, leaks=(*prepared.leaks, leak))
