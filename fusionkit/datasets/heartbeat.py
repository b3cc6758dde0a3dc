"""The public heartbeat CSVs of Kachuee et al. (2018)."""

from __future__ import annotations

import random
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from fusionkit.errors import DataError, UsageError
from fusionkit.options import Option

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

_SAMPLES = 187
_RATE = 125.0
_RECIPE = "heartbeat 1"
# Published rows of each file, the labels it may hold, and its part.
_FILES: dict[str, dict[str, tuple[int, tuple[int, ...], str]]] = {
    "mitbih": {
        "mitbih_train.csv": (87554, (0, 1, 2, 3, 4), "train"),
        "mitbih_test.csv": (21892, (0, 1, 2, 3, 4), "test"),
    },
    "ptb": {"ptbdb_normal.csv": (4046, (0,), ""), "ptbdb_abnormal.csv": (10506, (1,), "")},
}
_CLASSES = {"mitbih": ("N", "S", "V", "F", "Q"), "ptb": ("normal", "abnormal")}


def heartbeat(
    path: Path | None,
    /,
    *,
    source: Annotated[
        Literal["mitbih", "ptb"],
        Option("Beats of MIT-BIH (mitbih_train.csv, mitbih_test.csv) or PTB (ptbdb_normal.csv, ptbdb_abnormal.csv)."),
    ] = "mitbih",
    mitdb: Annotated[
        str | None,
        Option("Folder of the MIT-BIH records, by which each beat gets its record and person; none: unknown."),
    ] = None,
) -> pd.DataFrame:
    """Heartbeat CSVs: 109446 beats of MIT-BIH in five classes, or 14552 of PTB in two, each 187 samples at 125 Hz.

    A beat goes from its R peak past the next one, is scaled to 0..1 and padded with zeros. Train and test were split by
    beat, not by person, and no persons are told: a figure on this split is no estimate for new persons. The dataset
    ``mitbih`` with form=kachuee makes the beats of MIT-BIH from the original, with records and persons.

    Parameters
    ----------
    path : Path
        Folder that holds both files of the source, or one of them. The beats are kept in the cache in binary form.
    source : 'mitbih' or 'ptb'
        Which files.
    mitdb : str, optional
        A beat belongs to the record that holds these very samples (see `fusionkit.datasets.mitbih_beats`). Beats that
        are found in none are left out, and a caution says how many.

    Returns
    -------
    DataFrame
        ``id`` (such as mitbih_test/000012, rows from 0), ``path``, ``label`` (N, S, V, F, Q, or normal, abnormal),
        ``database`` (mitdb or ptbdb), ``start``, ``stop``, ``sample_rate``; ``split`` where both files of the source
        are there; ``subject`` and ``record`` where ``mitdb`` is given.

    Raises
    ------
    UsageError
        If ``mitdb`` is given for beats of PTB.
    DataError
        If a file is absent or a row is not 187 values from 0 to 1 and a label; all such rows are in its details.

    References
    ----------
    Kachuee, Fazeli and Sarrafzadeh (2018), ECG heartbeat classification: a deep transferable representation,
    doi:10.1109/ICHI.2018.00092.
    """
    import numpy as np
    import pandas as pd

    from fusionkit.datasets.beat_store import stored_beats
    from fusionkit.datasets.mitbih import person

    names = _CLASSES[source]
    files = _files(path, source)
    if mitdb is not None and source == "ptb":
        raise UsageError("dataset 'heartbeat': mitdb tells the persons of source=mitbih only; leave it out")
    records = _records(Path(mitdb).expanduser()) if mitdb is not None else {}
    cautions = []
    if mitdb is None:
        cautions.append("the beats do not tell their persons: one person may stand in every part of a split")
    tables = []
    for file in files:
        published, labels, part = _FILES[source][file.name]
        _, rows = stored_beats(_RECIPE, [file], _SAMPLES + 1, partial(_read, file, labels))
        # The class number stands in a file of its own: no filter may reach it from the end of a beat.
        stored, beats = stored_beats(f"{_RECIPE}, samples", [file], _SAMPLES, partial(_samples_of, rows))
        if len(beats) != published:
            cautions.append(f"{file.name} holds {len(beats)} of the {published} published beats")
        starts = np.arange(len(beats)) * _SAMPLES
        table = {
            "id": [f"{file.stem}/{row:06d}" for row in range(len(beats))],
            "path": str(stored),
            "label": [names[int(label)] for label in rows[:, -1]],
            "database": "mitdb" if source == "mitbih" else "ptbdb",
            "start": starts / _RATE,
            "stop": (starts + _SAMPLES) / _RATE,
            "sample_rate": _RATE,
            "isolated": True,
        }
        if len(files) > 1:
            table["split"] = part or _parts_of_ptb(len(beats))
        if mitdb is not None:
            table["record"] = [records.get(beat.tobytes()) for beat in beats]
        tables.append(pd.DataFrame(table))
    frame = pd.concat(tables, ignore_index=True)
    if mitdb is not None:
        strangers = int(frame["record"].isna().sum())
        if strangers:
            cautions.append(f"{strangers} of {len(frame)} beats are in no record of MIT-BIH, and are left out")
        frame = frame.dropna(subset="record").reset_index(drop=True)
        frame["subject"] = frame["record"].map(person)
    told = "beats of one person stand in several parts: the CSVs are split by beat and name no persons"
    leaks = () if "subject" in frame else (told,)
    frame.attrs = {"classes": names, "cautions": tuple(cautions), "leaks": leaks}
    return frame


def _parts_of_ptb(count: int) -> list[str]:
    """Return the part of every beat of a class as the code of Vindas et al. 2022 shares them out: 4 of 5 are learnt."""
    order = list(range(count))
    random.Random(42).shuffle(order)
    tested = set(order[round(0.8 * count) :])
    return ["test" if row in tested else "train" for row in range(count)]


def _files(path: Path | None, source: str) -> list[Path]:
    if path is None:
        raise UsageError("dataset 'heartbeat' needs a folder or a file: write heartbeat:PATH")
    known = _FILES[source]
    if path.is_file() and path.name in known:
        return [path]
    files = [path / name for name in known]
    absent = [f"{file} is absent" for file in files if not file.is_file()]
    if absent:
        raise DataError(
            f"dataset 'heartbeat': {path} is neither {' nor '.join(known)}, nor a folder with both; choose the files "
            "with source=mitbih or source=ptb",
            absent,
        )
    return files


def _records(mitdb: Path) -> dict[bytes, str]:
    """Return the record of each beat of MIT-BIH, by its samples."""
    import numpy as np

    from fusionkit.datasets.mitbih import mitbih

    frame = mitbih(mitdb, form="kachuee", paced=True)
    beats = np.concatenate([np.load(path).reshape(-1, _SAMPLES) for path in frame["path"].unique()])
    return {beat.tobytes(): record for beat, record in zip(beats, frame["record"], strict=True)}


def _read(file: Path, labels: tuple[int, ...]) -> NDArray[np.float32]:
    """Return [beat, 188] of a CSV: the samples and the label.

    Some copies went through pandas and begin with a line of column names and a column of row numbers.
    """
    import numpy as np
    import pandas as pd

    with file.open(encoding="utf-8-sig", errors="replace") as lines:
        numbered = lines.readline().startswith(",")
    width = _SAMPLES + 1 + numbered
    try:
        frame = pd.read_csv(
            file, header=None, skiprows=int(numbered), skip_blank_lines=False, low_memory=False, encoding="utf-8-sig"
        )
    except (ValueError, pd.errors.ParserError) as error:
        raise DataError(f"{file}: cannot be read: {' '.join(str(error).split())}; get a new copy") from error
    if frame.shape[1] != width:
        raise DataError(
            f"{file}: has {frame.shape[1]} columns; expected {width}, which are {_SAMPLES} samples and a label"
        )
    values: NDArray[np.float64] = frame.apply(pd.to_numeric, errors="coerce").to_numpy(np.float64)[:, int(numbered) :]
    faulty = ~((values[:, :-1] >= 0) & (values[:, :-1] <= 1)).all(axis=1) | ~np.isin(values[:, -1], labels)
    if faulty.any():
        expected = f"expected {_SAMPLES} values from 0 to 1, and a label {', '.join(map(str, labels))}"
        rows = [f"{file}, line {row + 1 + numbered}: {expected}" for row in np.flatnonzero(faulty)]
        raise DataError(f"{file} has {len(rows)} faulty rows; get a new copy", rows)
    samples: NDArray[np.float32] = values.astype(np.float32)
    return samples


def _samples_of(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    return rows[:, :-1]
