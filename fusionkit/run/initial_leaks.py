"""The leak of a run that starts from weights which have seen its test part."""

from __future__ import annotations

import dataclasses

from fusionkit.config.run_config import RunConfig
from fusionkit.errors import DataError
from fusionkit.registry import Registry
from fusionkit.run.audited_data import listed
from fusionkit.run.initial_runs import initial_runs
from fusionkit.run.prepare import Prepared
from fusionkit.run.saved_model import load_model
from fusionkit.run.seen_records import seen_records


def with_leaks_of_init(config: RunConfig, registry: Registry, prepared: Prepared) -> Prepared:
    """Return prepared data with a leak for the tested recordings that the initial weights have seen.

    Where nobody knows what they have seen, a caution says so.

    Raises
    ------
    DataError
        If there are any and leaks are not allowed.
    """
    tested = set(prepared.folds.loc[prepared.folds["split"] == "test", "record"])
    leaks, cautions = list(prepared.leaks), list(prepared.cautions)
    for place in initial_runs(config):
        seen = seen_records(place, load_model(place, registry), config, tested)
        cautions += [line for line in seen.cautions if line not in cautions]
        if not seen.records:
            continue
        runs = ", ".join(map(str, seen.runs))
        leak = f"{len(seen.records)} tested recordings were seen by {runs}: {', '.join(listed(seen.records))}"
        if not config.split.allow_leak:
            raise DataError(
                f"leak: the initial weights have seen recordings of the test part; {seen.advice}, or go on with "
                "--allow-leak, which stamps LEAKY on every table",
                [leak],
            )
        leaks.append(leak)
    return dataclasses.replace(prepared, leaks=tuple(leaks), cautions=tuple(cautions))
