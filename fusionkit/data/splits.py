"""Share recordings out among training, validation and test, by subject."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from fusionkit.data.hold_out import hold_out
from fusionkit.data.settings import SplitSettings
from fusionkit.errors import DataError

_LISTED = 20


def is_record_wise(records: pd.DataFrame) -> bool:
    """Return whether no subject is known, so that one person may stand in two parts unnoticed."""
    return "subject" not in records


def make_folds(records: pd.DataFrame, settings: SplitSettings, seed: int) -> pd.DataFrame:
    """Share recordings out.

    A subject is never divided, and neither are files with the same content: what shares a subject or a content,
    directly or through others, stays together, and so do the segments of one file. The choice depends on the
    seed, not on the order of the recordings.

    Parameters
    ----------
    records : DataFrame
        A row a recording: ``id``, ``label`` and, where known, ``subject``, ``content``, ``database`` and ``split``.
    settings : SplitSettings
        How to split.
    seed : int
        Seed of the random choice.

    Returns
    -------
    DataFrame
        Columns ``fold``, ``record`` and ``split`` (train, validation or test). One fold, ``0``; or one a database,
        under its name.

    Raises
    ------
    DataError
        If a class has too few subjects, a fold lacks classes, a subject or a content stands in two parts, or the column
        that the split needs is missing.
    """
    records = records.reset_index(drop=True)
    if settings.split == "leave-one-database-out":
        databases = _column(records, "database", settings)
        names = sorted(databases.unique())
        if len(names) < 2:
            raise DataError(f"split {settings.split!r} needs two databases or more; there is only {names[0]!r}")
        given = {name: _parts(np.where(databases == name, "test", "train"), records) for name in names}
    elif settings.split == "predefined":
        given = {"0": _parts(_column(records, "split", settings), records)}
        for part in ("train", "test"):
            if not (given["0"] == part).any():
                raise DataError(f"split 'predefined': the column 'split' has no row {part!r}; expected train and test")
    else:
        given = {"0": _parts(["train"] * len(records), records)}

    folds = []
    for fold, start in given.items():
        rng = np.random.default_rng(seed)
        parts = start[start != "unused"]
        used = records.loc[parts.index]
        wanted = (
            ("test", "validation") if settings.test_fraction > 0 or settings.split != "subject" else ("validation",)
        )
        missing = [part for part in wanted if not (parts == part).any()]
        for position, part in enumerate(missing):
            rest = parts == "train"
            keep = len(missing) - position
            fraction = settings.test_fraction if part == "test" else settings.validation_fraction
            parts[rest] = np.where(_held(used[rest], fraction, keep, rng, fold), part, "train")
        _check_classes(used, parts, ("train", *wanted), fold)
        _check_leaks(used, parts, fold)
        folds.append(pd.DataFrame({"fold": fold, "record": used["id"], "split": parts}))
    return pd.concat(folds, ignore_index=True)


def _parts(values: Iterable[str], records: pd.DataFrame) -> pd.Series[str]:
    return pd.Series(list(values), index=records.index, dtype=object)


def _column(records: pd.DataFrame, column: str, settings: SplitSettings) -> pd.Series[str]:
    if column not in records:
        raise DataError(f"split {settings.split!r} needs the column {column!r}, which the data set does not have")
    return records[column]


def _groups(records: pd.DataFrame) -> NDArray[np.intp]:
    """Return a number for every recording: equal where subject or content is shared, directly or through others."""
    count = len(records)
    shared = [column for column in ("subject", "content") if column in records] or ["id"]
    codes = [np.unique(records[column].astype(str), return_inverse=True)[1] for column in shared]
    offsets = np.cumsum([count, *(code.max() + 1 for code in codes)])
    rows = np.concatenate([np.arange(count)] * len(codes))
    columns = np.concatenate([code + offset for code, offset in zip(codes, offsets[:-1], strict=True)])
    size = int(offsets[-1])
    links = coo_array((np.ones(len(rows)), (rows, columns)), shape=(size, size))
    components = connected_components(links, directed=False)[1][:count]
    # Each is named by the first of its subjects, so that the order of the recordings does not matter.
    first = np.full(components.max() + 1, count)
    np.minimum.at(first, components, codes[0])
    return np.asarray(first[components], dtype=np.intp)


def _held(records: pd.DataFrame, fraction: float, keep: int, rng: np.random.Generator, fold: str) -> NDArray[np.bool_]:
    groups = pd.Series(_groups(records), index=records.index)
    noun = "subject" if "subject" in records else "recording"
    for name, count in groups.groupby(records["label"]).nunique().items():
        if count <= keep:
            raise DataError(
                f"fold {fold!r}: class {name!r} has {count} {noun}{'s' * (count != 1)}; {keep + 1} parts need at least "
                f"{keep + 1}: add {noun}s, merge classes or leave the class out"
            )
    members = np.unique(groups.to_numpy(), return_inverse=True)[1]
    classes = np.unique(records["label"], return_inverse=True)[1]
    return hold_out(members, classes, fraction, keep, rng)


def _check_classes(records: pd.DataFrame, parts: pd.Series[str], expected_parts: tuple[str, ...], fold: str) -> None:
    classes = sorted(records["label"].unique())
    if len(classes) < 2:
        raise DataError(f"all {len(records)} recordings have the label {classes[0]!r}; expected two classes or more")
    for part in expected_parts:
        counts = records["label"][parts == part].value_counts().reindex(classes, fill_value=0)
        expected = len(classes) if part == "train" else 2
        if (counts > 0).sum() < expected:
            found = ", ".join(f"{name} {count}" for name, count in counts.items())
            raise DataError(
                f"fold {fold!r}: the {part} part has {found}; expected recordings of at least {expected} classes: "
                "choose another split, seed or fraction, or merge classes"
            )


def _check_leaks(records: pd.DataFrame, parts: pd.Series[str], fold: str) -> None:
    for column in ("subject", "content"):
        if column not in records:
            continue
        places = parts.groupby(records[column]).agg(lambda values: ", ".join(sorted(set(values))))
        leaks = places[places.str.contains(",")]
        if len(leaks):
            lines = [
                f"{column} {name} in {where}: {', '.join(records['id'][records[column] == name].head(_LISTED))}"
                for name, where in leaks.items()
            ]
            raise DataError(
                f"fold {fold!r}: leak: {len(leaks)} {column}s stand in more than one part; "
                "correct the subjects or the split, or remove copies",
                lines,
            )
