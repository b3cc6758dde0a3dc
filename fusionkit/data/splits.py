"""Share recordings out among training, validation and test, by subject."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fusionkit.data.class_counts import Strata, make_strata
from fusionkit.data.hold_out import hold_out
from fusionkit.data.k_folds import k_folds
from fusionkit.data.protocols import PROTOCOLS
from fusionkit.data.split_file import read_split_file
from fusionkit.data.split_settings import SPLIT_FILE, SplitSettings
from fusionkit.errors import DataError

Parts = NDArray[np.object_]

_MOST_FOLDS = 1000


def is_record_wise(records: pd.DataFrame, settings: SplitSettings | None = None) -> bool:
    """Return whether one person may stand in two parts: no subject is known, or the split ignores it."""
    if settings is None or "subject" not in records:
        return "subject" not in records
    protocol = PROTOCOLS.get(settings.split)
    return settings.split == "record" or (protocol is not None and (protocol.record_wise or protocol.split == "record"))


def make_folds(
    records: pd.DataFrame, settings: SplitSettings, seed: int, *, multilabel: bool = False, adapter: str | None = None
) -> pd.DataFrame:
    """Share recordings out.

    What is drawn here never divides a subject, nor files with the same content, nor the segments of one file: what
    shares one of them, directly or through others, stays together. The split ``record`` ignores all that, and a part
    that is given (by the data set, a protocol, a database or a split file) is taken as it is: `find_leaks` tells what
    it divides. The choice depends on the seed, not on the order of the recordings.

    A validation part that is not given is cut from the training part. The test parts of several folds are to be scored
    together, so that one of them may lack classes, as a subject or a database does; a single one needs two classes.
    Where epochs are chosen on the test part, no validation part is cut, and every test part needs two classes.

    Parameters
    ----------
    records : DataFrame
        A row a recording: ``id``, ``label`` and, where known, ``subject``, ``content``, ``digest``, ``path``,
        ``database`` and ``split``.
    settings : SplitSettings
        How to split.
    seed : int
        Seed of the random choice.
    multilabel : bool
        Whether a label names several classes, with semicolons between them.
    adapter : str, optional
        The data set, which a published protocol asks for.

    Returns
    -------
    DataFrame
        Columns ``fold``, ``record`` and ``split`` (train, validation or test). One fold, ``0``; or one a database or a
        subject, under its name; k-fold numbers them ``0``, ``1``, ... and, repeated, ``r0f0``, ``r0f1``, ...

    Raises
    ------
    UsageError
        If a protocol is asked for data that it does not belong to.
    DataError
        If a class has too few subjects, a fold lacks classes, what the split needs is missing, or the recordings are
        not those of the protocol or of the split file.
    IntegrityError
        If a split file was changed after it was written.
    """
    records = records.reset_index(drop=True)
    record_wise = settings.split == "record"
    protocol = PROTOCOLS.get(settings.split)
    if protocol is not None:
        records = protocol.choose(records, adapter, multilabel)
        fraction = settings.test_fraction if protocol.test_fraction is None else protocol.test_fraction
        settings = replace(settings, split=protocol.split, test_fraction=fraction)
        record_wise = protocol.record_wise or protocol.split == "record"
    strata = make_strata(records, record_wise=record_wise, multilabel=multilabel)
    drawn = settings.split in ("subject", "record")

    folds = []
    for fold, parts in _given(records, settings, strata, seed):
        rng = np.random.default_rng(seed)
        own = settings.validation == "own"
        missing = ["validation"] if own and not (parts == "validation").any() else []
        if drawn and settings.test_fraction > 0:
            missing.insert(0, "test")
        for keep, part in zip(range(len(missing), 0, -1), missing, strict=True):
            fraction = settings.test_fraction if part == "test" else settings.validation_fraction
            parts[_held(strata, parts == "train", fraction, keep, rng, fold)] = part
        used = parts != "unused"
        present = int(strata.members[used].any(axis=0).sum())
        strata.require_classes(parts, fold, {"train": present, "validation" if own else "test": 2})
        folds.append(pd.DataFrame({"fold": fold, "record": records["id"][used], "split": parts[used]}))
    if len(folds) == 1 and (parts == "test").any():
        strata.require_classes(parts, fold, {"test": 2})
    return pd.concat(folds, ignore_index=True)


def _given(records: pd.DataFrame, settings: SplitSettings, strata: Strata, seed: int) -> Iterator[tuple[str, Parts]]:
    """Yield each fold with what is known of it before validation is cut: a part for every recording."""
    split = settings.split
    if split.endswith(SPLIT_FILE):
        for fold, rows in read_split_file(split, records).groupby("fold", sort=False):
            places = rows.set_index("record")["split"].reindex(records["id"], fill_value="unused")
            yield str(fold), places.to_numpy(dtype=object, copy=True)
    elif split == "predefined":
        parts = _column(records, "split", split).to_numpy(dtype=object, copy=True)
        for part in ("train", "test"):
            if not (parts == part).any():
                raise DataError(f"split {split!r}: the column 'split' has no row {part!r}; expected train and test")
        yield "0", parts
    elif split == "k-fold":
        everything = np.ones(len(records), dtype=bool)
        strata.require_groups(everything, settings.folds, f"split {split!r}", f"{settings.folds} folds")
        groups, counts = strata.counts(everything)
        for repeat in range(settings.repeats):
            dealt = k_folds(counts, settings.folds, np.random.default_rng([seed, repeat]))[groups]
            for number in range(settings.folds):
                yield f"r{repeat}f{number}" if settings.repeats > 1 else str(number), _tested(dealt == number)
    elif split == "leave-one-database-out":
        databases = _column(records, "database", split)
        known = sorted(databases.unique())
        if len(known) < 2:
            raise DataError(f"split {split!r} needs two databases or more; there is only {known[0]!r}")
        for name in known:
            yield name, _tested((databases == name).to_numpy())
    elif split == "leave-one-subject-out":
        subjects = _column(records, "subject", split)
        names = subjects.groupby(strata.groups).agg(lambda group: "+".join(sorted(group.unique())))
        if not 2 <= len(names) <= _MOST_FOLDS:
            raise DataError(
                f"split {split!r} trains a model a subject, and there are {len(names)}; expected 2 to {_MOST_FOLDS}: "
                "use split 'k-fold' for more"
            )
        for group, name in names.sort_values().items():
            yield name, _tested(strata.groups == group)
    else:
        yield "0", _tested(np.zeros(len(records), dtype=bool))


def _tested(rows: NDArray[np.bool_]) -> Parts:
    return np.where(rows, "test", "train").astype(object)


def _column(records: pd.DataFrame, column: str, split: str) -> pd.Series[str]:
    if column not in records:
        raise DataError(f"split {split!r} needs the column {column!r}, which the data set does not have")
    return records[column]


def _held(
    strata: Strata, rest: NDArray[np.bool_], fraction: float, keep: int, rng: np.random.Generator, fold: str
) -> NDArray[np.bool_]:
    """Return which recordings of the rest to hold out, in whole groups."""
    strata.require_groups(rest, keep + 1, f"fold {fold!r}", f"{keep + 1} parts")
    groups, counts = strata.counts(rest)
    held = np.zeros(len(rest), dtype=bool)
    held[rest] = hold_out(counts, fraction, keep, rng)[groups]
    return held
