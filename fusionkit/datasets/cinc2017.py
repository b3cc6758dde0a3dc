"""PhysioNet/CinC Challenge 2017: single-lead electrocardiograms."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from fusionkit.data.spec import existing_folder
from fusionkit.errors import DataError
from fusionkit.options import Option

if TYPE_CHECKING:
    import pandas as pd

_LABELS = {"N": "normal", "A": "af", "O": "other", "~": "noisy"}
_LAST_REVISION = "REFERENCE-v3.csv"


def cinc2017(
    path: Path | None,
    /,
    *,
    noisy: Annotated[
        bool, Option("Whether recordings too noisy to classify are kept, as a class of their own.")
    ] = True,
) -> pd.DataFrame:
    """PhysioNet/CinC Challenge 2017: 8528 single-lead ECGs of 9 to 61 s at 300 Hz, in four classes of rhythm.

    The labels were revised after the challenge had begun; ``REFERENCE-v3.csv`` is the last revision and is read where
    it is there. No subjects are published, so that no split can rule out that one person stands in two parts. The
    organisers' ``validation`` (or ``sample2017``) repeats 300 of the training recordings and is not read.

    Parameters
    ----------
    path : Path
        Folder ``training2017``, or the one above it. ``REFERENCE-v3.csv`` or ``REFERENCE.csv`` lies in either.
    noisy : bool
        False leaves the class ``noisy`` out.

    Returns
    -------
    DataFrame
        ``id``, ``path`` (the header) and ``label`` (normal, af, other or noisy); ``attrs`` hold ``classes`` and
        ``cautions``.

    Raises
    ------
    DataError
        If a recording has no label, a label no recording, or a line is faulty; all are in its details.

    References
    ----------
    Clifford et al. (2017), AF classification from a short single lead ECG recording: the PhysioNet/Computing in
    Cardiology Challenge 2017, Computing in Cardiology 44, doi:10.22489/CinC.2017.065-469.
    """
    import pandas as pd

    root = existing_folder(path, "cinc2017")
    folder = next((below for name in ("training2017", "training") if (below := root / name).is_dir()), root)
    places = [place / name for name in (_LAST_REVISION, "REFERENCE.csv") for place in (root, folder)]
    reference = next((place for place in places if place.is_file()), None)
    if reference is None:
        raise DataError(f"dataset 'cinc2017': {root} has no {_LAST_REVISION} and no REFERENCE.csv; get one of them")
    faults: list[str] = []
    labels = _read(reference, faults)
    headers: dict[str, Path] = {}
    for header in sorted(folder.rglob("A*.hea")):
        if header.stem in headers:
            faults.append(f"{header} has the name of {headers[header.stem]}")
        headers[header.stem] = header
    faults += [f"{header} has no label in {reference.name}" for name, header in headers.items() if name not in labels]
    faults += [f"{name}.hea is missing" for name in labels if name not in headers]
    if faults:
        raise DataError(f"dataset 'cinc2017': {root} has {len(faults)} faults; get a new copy", faults)

    rows = [(name, str(headers[name]), label) for name, label in labels.items() if noisy or label != "noisy"]
    frame = pd.DataFrame(rows, columns=["id", "path", "label"])
    frame.attrs["classes"] = tuple(label for label in _LABELS.values() if noisy or label != "noisy")
    if reference.name != _LAST_REVISION:
        frame.attrs["cautions"] = (f"The labels are those of {reference.name}, not of the revision {_LAST_REVISION}.",)
    return frame


def _read(path: Path, faults: list[str]) -> dict[str, str]:
    labels: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8-sig", errors="replace").splitlines(), start=1):
        name, _, code = (part.strip() for part in line.partition(","))
        if code not in _LABELS or not name or name in labels:
            faults.append(f"{path.name}, line {number}: {line!r}; expected a recording, once, and {', '.join(_LABELS)}")
        else:
            labels[name] = _LABELS[code]
    return labels
