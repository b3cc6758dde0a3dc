"""The data of a table, checked before anything is trained and against what finished runs saw."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from fusionkit.data.csv_cells import restored_table
from fusionkit.data.load import load_manifest
from fusionkit.data.recordings import FileRecordings
from fusionkit.errors import IntegrityError, UsageError
from fusionkit.registry import Registry
from fusionkit.reproduce.plan import PlannedRun
from fusionkit.run.prepare import prepare
from fusionkit.run.reporter import Reporter
from fusionkit.run.run_folder import SPLIT
from fusionkit.run.same_data import DIGEST, recordings_digest


def check_data(runs: Sequence[PlannedRun], registry: Registry, reporter: Reporter) -> None:
    """Read, share out and audit the data of runs once, and compare them with what runs that have begun saw.

    Raises
    ------
    UsageError
        If a run saw other recordings.
    DataError
        If the recordings, their counts or a split cannot be used, or something leaks that may not.
    """
    checked: list[tuple[PlannedRun, pd.DataFrame]] = []
    for run in runs:
        config = run.config
        records = next((found for other, found in checked if _same_request(run, other)), None)
        if records is None:
            manifest = load_manifest(config.data, registry, config.dataset_options)
            records = prepare(config, registry, FileRecordings(manifest), reporter).records
            checked.append((run, records))
        _require_same(run.folder, records)


def used_recordings(folder: Path) -> int | None:
    """Return how many recordings a run shared out; None where it has not begun."""
    if not (folder / SPLIT).is_file():
        return None
    table = _split_table(folder)
    return int(table.loc[table["split"] != "unused", "record"].nunique())


def _same_request(run: PlannedRun, other: PlannedRun) -> bool:
    """Return whether two runs start from the same data; seeds may draw other parts."""
    one, two = run.config, other.config
    return (one.data, one.dataset_options, one.split) == (two.data, two.dataset_options, two.split)


def _require_same(folder: Path, records: pd.DataFrame) -> None:
    digest = folder / DIGEST
    if digest.is_file():
        same = digest.read_text(encoding="utf-8").strip() == recordings_digest(records)
    elif (folder / SPLIT).is_file():  # of a version that kept names and labels only
        table = _split_table(folder)
        same = set(zip(table["record"], table["label"], strict=True)) == set(
            zip(records["id"].astype(str), records["label"].astype(str), strict=True)
        )
    else:
        return
    if not same:
        raise UsageError(
            f"{folder} holds a run of other recordings than those that --data names now; name another folder with "
            "--out, or restore the recordings"
        )


def _split_table(folder: Path) -> pd.DataFrame:
    path = folder / SPLIT
    try:
        text = path.read_text(encoding="utf-8").partition("\n")[2]  # the first line is a hash
        table = restored_table(pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False))
        return table[["record", "split", "label"]]
    except (OSError, ValueError, KeyError) as error:
        raise IntegrityError(f"{path} cannot be read: {error}; remove the folder to run anew") from error
