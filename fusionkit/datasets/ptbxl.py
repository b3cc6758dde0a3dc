"""PTB-XL: clinical 12-lead electrocardiograms."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fusionkit.data.spec import existing_folder
from fusionkit.datasets.label_table import read_table
from fusionkit.errors import DataError
from fusionkit.options import Option

if TYPE_CHECKING:
    import pandas as pd

_SUPERCLASSES = ("NORM", "MI", "STTC", "CD", "HYP")
_SPLITS = dict.fromkeys(map(str, range(1, 9)), "train") | {"9": "validation", "10": "test"}
_FILES = {100: "filename_lr", 500: "filename_hr"}
_NOISES = ("baseline_drift", "static_noise", "burst_noise", "electrodes_problems")


def ptbxl(
    path: Path | None,
    /,
    *,
    rate: Annotated[Literal[100, 500], Option("Sample rate of the copy that is read, in Hz.")] = 100,
    labels: Annotated[
        Literal["superclass", "subclass"], Option("The five diagnostic superclasses, or the 23 subclasses.")
    ] = "superclass",
) -> pd.DataFrame:
    """PTB-XL: 21 799 ECGs of 18 869 patients, 12 leads, 10 s, with several diagnoses each.

    A record belongs to the class of every diagnostic statement in its ``scp_codes``, whatever the likelihood, which is
    how the publishers' example and benchmarks count; a likelihood of 0 there stands for an unknown one. Records
    without a diagnostic statement are left out. The split ``predefined`` is that of the publishers: folds 1 to 8 train,
    9 validation, 10 test; no patient stands in two folds.

    Parameters
    ----------
    path : Path
        Folder that holds ``ptbxl_database.csv``, ``scp_statements.csv`` and ``records100`` or ``records500``.
    rate : 100 or 500
        500 Hz as recorded, or reduced to 100 Hz by the publishers.
    labels : 'superclass' or 'subclass'
        Which column of ``scp_statements.csv`` names the classes.

    Returns
    -------
    DataFrame
        ``id``, ``path`` (the header), ``label`` (classes with semicolons between them), ``subject``, ``split``,
        ``strat_fold``, ``quality`` (validated or unvalidated, by a person) and ``noise`` (which kinds of noise were
        noted, with commas between them). ``attrs`` hold ``classes``, ``multilabel`` and ``cautions``.

    Raises
    ------
    DataError
        If a table or a record is missing, a record has no row, or a row is faulty; all are in its details.

    References
    ----------
    Wagner et al. (2020), PTB-XL, a large publicly available electrocardiography dataset, Scientific Data 7:154,
    doi:10.1038/s41597-020-0495-6. Strodthoff et al. (2021), Deep learning for ECG analysis: benchmarks and insights
    from PTB-XL, IEEE Journal of Biomedical and Health Informatics 25(5), doi:10.1109/JBHI.2020.3022989.
    """
    import pandas as pd

    root = existing_folder(path, "ptbxl")
    place = _FILES[rate]
    columns = ("ecg_id", "patient_id", "scp_codes", "validated_by_human", *_NOISES, "strat_fold", place)
    table = read_table(root / "ptbxl_database.csv", "ptbxl", columns)
    folder = root / f"records{rate}"
    if not folder.is_dir():
        raise DataError(f"dataset 'ptbxl': {root} has no folder {folder.name}; choose the other rate, or get it")
    faults: list[str] = []
    diagnoses, classes = _diagnoses(root / "scp_statements.csv", labels, faults)
    headers = {file.relative_to(root).with_suffix("").as_posix(): file for file in sorted(folder.rglob("*.hea"))}
    known = set(table[place])
    faults += [f"{file} has no row in ptbxl_database.csv" for name, file in headers.items() if name not in known]
    rows = []
    for number, cells in enumerate(table.to_dict("records"), start=1):
        reasons: list[str] = []
        found = _found(cells["scp_codes"], diagnoses, reasons)
        if not cells["patient_id"]:
            reasons.append("patient_id is missing")
        if cells["strat_fold"] not in _SPLITS:
            reasons.append(f"strat_fold is {cells['strat_fold']!r}; expected 1 to 10")
        if cells[place] not in headers:
            reasons.append(f"{cells[place]}.hea is missing")
        faults += [f"ptbxl_database.csv, row {number} (ecg_id {cells['ecg_id']}): {reason}" for reason in reasons]
        rows.append(
            {
                "id": cells["ecg_id"],
                "path": str(headers.get(cells[place])),
                "label": ";".join(name for name in classes if name in found),
                "subject": cells["patient_id"].removesuffix(".0"),
                "split": _SPLITS.get(cells["strat_fold"]),
                "strat_fold": cells["strat_fold"],
                "quality": "validated" if cells["validated_by_human"] == "True" else "unvalidated",
                "noise": ",".join(noise for noise in _NOISES if cells[noise]),
            }
        )
    for column in ("ecg_id", place):
        again = table.loc[table[column].duplicated(), column]
        faults += [f"ptbxl_database.csv: {column} {name!r} stands in more than one row" for name in again]
    if faults:
        raise DataError(f"dataset 'ptbxl': {root} has {len(faults)} faults; get a new copy", faults)

    everything = pd.DataFrame(rows)
    frame = everything[everything["label"] != ""].reset_index(drop=True)
    frame.attrs.update(classes=classes, multilabel=True)
    left_out = len(everything) - len(frame)
    if left_out:
        caution = f"{left_out} of {len(everything)} records have no diagnostic statement and are left out."
        frame.attrs["cautions"] = (caution,)
    return frame


def _diagnoses(path: Path, labels: str, faults: list[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the class of every statement (empty: it is no diagnosis), and the classes in their order."""
    import pandas as pd

    try:
        # Its first column, the statement, has no name.
        table = pd.read_csv(path, index_col=0, dtype=str, keep_default_na=False)
        kinds = table[["diagnostic", "diagnostic_class", "diagnostic_subclass"]]
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"dataset 'ptbxl': {path} cannot be read: {' '.join(str(error).split())}") from None
    diagnoses: dict[str, str] = {}
    classes: dict[str, list[str]] = {name: [] for name in _SUPERCLASSES}
    for statement, diagnostic, superclass, subclass in kinds.itertuples():
        diagnoses[statement] = ""
        if diagnostic not in ("1", "1.0"):
            continue
        if superclass not in classes or not subclass:
            faults.append(f"{path.name}, {statement}: the classes are {superclass!r} and {subclass!r}")
            continue
        diagnoses[statement] = superclass if labels == "superclass" else subclass
        classes[superclass].append(diagnoses[statement])
    return diagnoses, tuple(dict.fromkeys(name for names in classes.values() for name in names))


def _found(text: str, diagnoses: dict[str, str], reasons: list[str]) -> set[str]:
    """Return the classes of the statements of a record, a dict of their likelihoods in Python's notation."""
    try:
        codes: Any = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        codes = None
    if not isinstance(codes, dict):
        reasons.append(f"scp_codes is {text!r}; expected a dict of statements")
        return set()
    reasons += [f"scp_codes has the unknown statement {code!r}" for code in codes if code not in diagnoses]
    return {diagnoses[code] for code in codes if diagnoses.get(code)}
