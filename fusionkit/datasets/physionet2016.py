"""PhysioNet/CinC Challenge 2016: heart sounds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from fusionkit.data.spec import existing_folder
from fusionkit.errors import DataError
from fusionkit.options import Option

if TYPE_CHECKING:
    import pandas as pd

_LABELS = {"1": "abnormal", "-1": "normal"}
_QUALITIES = {"1": "clean", "0": "unsure"}


def physionet2016(
    path: Path | None,
    /,
    *,
    quality: Annotated[
        Literal["all", "clean"], Option("All recordings, or only those that the organisers call clean.")
    ] = "all",
    validation: Annotated[
        Literal["once", "again"],
        Option(
            "Recordings of the folder validation: each once, as part test of the training recordings, or again under "
            "their own names, as the folder holds them (a leak, to be found by the audit)."
        ),
    ] = "once",
) -> pd.DataFrame:
    """PhysioNet/CinC Challenge 2016: 3240 phonocardiograms of six databases, normal or abnormal, at 2000 Hz.

    The organisers' ``validation`` folder repeats 301 of the training recordings. Here each recording stands once: the
    301 are the part ``test`` of the split ``predefined``, and the other 2939 are ``train``, from which validation is
    cut. No subjects are published, so that no split can rule out that one person stands in two parts.

    Parameters
    ----------
    path : Path
        Folder that holds ``training-a`` to ``training-f`` and ``validation``.
    quality : 'all' or 'clean'
        Clean ones have a 1 in the third column of ``REFERENCE-SQI.csv``.
    validation : 'once' or 'again'
        With ``again``, the wavs of ``validation`` are the part ``test`` and all training recordings are ``train``, as
        the folders suggest.

    Returns
    -------
    DataFrame
        ``id``, ``path``, ``label`` (normal or abnormal), ``database`` (training-a, ...), ``quality`` (clean or unsure)
        and ``split`` (train or test; only where there is a folder ``validation``).

    Raises
    ------
    DataError
        If a recording has no label, a label no recording, or the lists contradict each other; all are in its details.

    References
    ----------
    Liu et al. (2016), An open access database for the evaluation of heart sound algorithms, Physiological Measurement
    37(12), doi:10.1088/0967-3334/37/12/2181.
    """
    import pandas as pd

    root = existing_folder(path, "physionet2016")
    folders = sorted(folder for folder in root.glob("training-*") if folder.is_dir())
    if not folders:
        raise DataError(
            f"dataset 'physionet2016': {root} has no folder training-a ... training-f; give the folder above"
        )
    faults: list[str] = []
    rows = []
    for folder in folders:
        labels = _read(folder / "REFERENCE.csv", 1, _LABELS, faults)
        qualities = _read(folder / "REFERENCE-SQI.csv", 2, _QUALITIES, faults)
        sounds = {sound.stem: sound for sound in folder.glob("*.wav")}
        faults += [f"{folder / record}.wav has no label in REFERENCE.csv" for record in sorted(sounds.keys() - labels)]
        faults += [f"{folder / record}.wav is missing" for record in sorted(labels.keys() - sounds)]
        faults += [
            f"{folder / record}.wav has no quality in REFERENCE-SQI.csv" for record in sorted(labels.keys() - qualities)
        ]
        rows += [
            {
                "id": record,
                "path": str(sounds.get(record)),
                "label": label,
                "database": folder.name,
                "quality": qualities.get(record),
            }
            for record, label in labels.items()
        ]
    frame = pd.DataFrame(rows, columns=["id", "path", "label", "database", "quality"])

    if (root / "validation").is_dir():
        test = _read(root / "validation" / "REFERENCE.csv", 1, _LABELS, faults)
        known = dict(zip(frame["id"], frame["label"], strict=True))
        faults += [
            f"{record} is {label} in validation, but {known.get(record, 'missing')} in training"
            for record, label in test.items()
            if known.get(record) != label
        ]
        if validation == "again":
            copies = frame[frame["id"].isin(test)].assign(
                path=[str(root / "validation" / f"{record}.wav") for record in frame["id"] if record in test],
                id=[f"validation/{record}" for record in frame["id"] if record in test],
            )
            frame = pd.concat([frame.assign(split="train"), copies.assign(split="test")], ignore_index=True)
        else:
            frame["split"] = ["test" if record in test else "train" for record in frame["id"]]
    if faults:
        raise DataError(f"dataset 'physionet2016': {root} has {len(faults)} faults; get a new copy", faults)
    return frame[frame["quality"] == "clean"].reset_index(drop=True) if quality == "clean" else frame


def _read(path: Path, column: int, names: dict[str, str], faults: list[str]) -> dict[str, str]:
    """Return what a headless CSV says of each recording in one of its columns."""
    if not path.is_file():
        faults.append(f"{path} is missing")
        return {}
    values: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8-sig", errors="replace").splitlines(), start=1):
        cells = [cell.strip() for cell in line.split(",")]
        if len(cells) <= column or cells[column] not in names or cells[0] in values:
            faults.append(f"{path}, line {number}: {line!r}; expected a recording, once, and {' or '.join(names)}")
        else:
            values[cells[0]] = names[cells[column]]
    return values
