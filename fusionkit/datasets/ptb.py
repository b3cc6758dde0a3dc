"""PTB Diagnostic ECG Database."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from fusionkit.data.spec import existing_folder
from fusionkit.errors import DataError
from fusionkit.options import Option

if TYPE_CHECKING:
    import pandas as pd

_SHORT = {"healthy control": "healthy", "myocardial infarction": "infarction"}
_DIAGNOSIS = re.compile(r"\s*reason for admission:\s*(.*?)\s*(\(.*\))?\s*", re.IGNORECASE)
_UNKNOWN = ("", "n/a")


def ptb(
    path: Path | None,
    /,
    *,
    labels: Annotated[
        Literal["infarction", "all"], Option("Infarction against healthy, or every diagnosis as a class.")
    ] = "infarction",
) -> pd.DataFrame:
    """PTB diagnostic ECGs: 549 records of 290 persons, 12 standard and 3 Frank leads at 1000 Hz.

    The diagnosis is the reason for admission in the header; what stands in brackets after it, such as a stage of
    heart failure, is left out. Leads are told by name, in lower case as in the headers (``--channels ii``).

    Parameters
    ----------
    path : Path
        Folder that holds ``patient001`` and so on, and the list ``RECORDS``; without the list, all headers are taken.
    labels : 'infarction' or 'all'
        'infarction' takes myocardial infarction and healthy control. Records without a diagnosis are left out always.

    Returns
    -------
    DataFrame
        ``id`` (patient001/s0010_re), ``path`` (the header), ``label``, ``subject`` (patient001) and ``database``. A
        caution says how many records were left out.

    Raises
    ------
    DataError
        If there is no record, or a listed one is absent or cannot be read; all are in its details.

    References
    ----------
    Bousseljot, Kreiseler and Schnabel (1995), Nutzung der EKG-Signaldatenbank CARDIODAT der PTB über das Internet,
    Biomedizinische Technik 40(s1), doi:10.1515/bmte.1995.40.s1.317.
    """
    import pandas as pd

    from fusionkit.data.wfdb_header import read_wfdb_header

    root = existing_folder(path, "ptb")
    faults: list[str] = []
    rows = []
    left_out = 0
    for record in _records(root):
        try:
            comments = read_wfdb_header(root / f"{record}.hea").comments
        except DataError as error:
            faults.append(str(error))
            continue
        found = [match[1].lower() for comment in comments if (match := _DIAGNOSIS.fullmatch(comment))]
        diagnosis = found[0] if found else ""
        if diagnosis in _UNKNOWN or (labels == "infarction" and diagnosis not in _SHORT):
            left_out += 1
            continue
        rows.append(
            {
                "id": record,
                "path": str(root / f"{record}.hea"),
                "label": _SHORT.get(diagnosis, diagnosis),
                "subject": record.split("/")[0],
                "database": "ptbdb",
            }
        )
    if faults:
        raise DataError(f"dataset 'ptb': {root} has {len(faults)} faults; get a new copy", faults)
    frame = pd.DataFrame(rows, columns=["id", "path", "label", "subject", "database"])
    if left_out:
        reason = "no diagnosis" if labels == "all" else "another diagnosis, or none"
        frame.attrs["cautions"] = (f"{left_out} records of PTB have {reason}, and are left out",)
    return frame


def _records(root: Path) -> list[str]:
    table = root / "RECORDS"
    if table.is_file():
        records = table.read_text(encoding="utf-8").split()
    else:
        records = [file.relative_to(root).with_suffix("").as_posix() for file in sorted(root.glob("patient*/*.hea"))]
    if not records:
        raise DataError(f"dataset 'ptb': {root} has no record; expected folders patient001 and so on with .hea files")
    return records
