"""CirCor DigiScope (PhysioNet Challenge 2022): heart sounds of children."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from fusionkit.data.spec import existing_folder
from fusionkit.datasets.label_table import read_table
from fusionkit.errors import DataError, UsageError, did_you_mean
from fusionkit.options import Option

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

_LOCATIONS = ("AV", "PV", "TV", "MV", "Phc")
_SOUND = re.compile(rf"(.+)_({'|'.join(_LOCATIONS)})(?:_\d+)?")
_CLASSES = {"murmur": ("Absent", "Present", "Unknown"), "outcome": ("Normal", "Abnormal")}
_CAUTION = (
    "The label is that of the person and is given to the recordings of all locations, "
    "whether or not its cause can be heard there."
)


def circor2022(
    path: Path | None,
    /,
    *,
    label: Annotated[
        Literal["murmur", "outcome"],
        Option("Classes: a murmur is absent or present, or the clinical outcome is normal or abnormal."),
    ] = "murmur",
    unknown: Annotated[
        bool, Option("Whether persons with an unknown murmur are kept, as a class of their own.")
    ] = False,
    locations: Annotated[
        tuple[str, ...] | None, Option("Places of auscultation to keep, of AV, PV, TV, MV and Phc; none: all.")
    ] = None,
) -> pd.DataFrame:
    """CirCor DigiScope: the public 3163 phonocardiograms of 942 children and young adults, at 4000 Hz.

    A person has up to one recording, and sometimes several, at each of the aortic (AV), pulmonary (PV), tricuspid (TV)
    and mitral (MV) places and elsewhere (Phc). Persons who took part in both campaigns have two identifiers, of which
    the table names the other one as additional; here they are one subject.

    Parameters
    ----------
    path : Path
        Folder that holds ``training_data.csv`` and ``training_data``.
    label : 'murmur' or 'outcome'
        Which column is the label. Both belong to the person, not to the recording.
    unknown : bool
        True keeps the third class of the label murmur.
    locations : tuple of str, optional
        Keep only these.

    Returns
    -------
    DataFrame
        ``id``, ``path``, ``label``, ``subject`` and ``location``; ``attrs`` hold ``classes`` and ``cautions``.

    Raises
    ------
    UsageError
        If a location is not one of the five.
    DataError
        If a recording stands in no list or a listed one is missing, or a row is faulty; all are in its details.

    References
    ----------
    Oliveira et al. (2022), The CirCor DigiScope Dataset: from murmur detection to murmur classification, IEEE Journal
    of Biomedical and Health Informatics 26(6), doi:10.1109/JBHI.2021.3137048.
    """
    import pandas as pd

    for location in locations or ():
        if location not in _LOCATIONS:
            raise UsageError(
                f"dataset 'circor2022': there is no location {location!r}; {did_you_mean(location, _LOCATIONS)}"
            )
    root = existing_folder(path, "circor2022")
    column = label.capitalize()
    table = read_table(root / "training_data.csv", "circor2022", ("Patient ID", column, "Additional ID"))
    people = dict(zip(table["Patient ID"], table[column], strict=True))
    faults = [
        f"patient {name} stands in more than one row" for name in table["Patient ID"][table["Patient ID"].duplicated()]
    ]
    faults += [
        f"patient {name}: {column} is {value!r}; expected {', '.join(_CLASSES[label])}"
        for name, value in people.items()
        if value not in _CLASSES[label]
    ]
    sounds = {sound.name: sound for sound in sorted((root / "training_data").glob("*.wav"))}
    listed = [(sound, name) for name in people for sound in _listed(root / "training_data" / f"{name}.txt", faults)]
    faults += [f"{sound} is missing" for sound, _ in listed if sound not in sounds]
    unlisted = sounds.keys() - {sound for sound, _ in listed}
    faults += [f"{sounds[sound]} stands in no list of a patient" for sound in sorted(unlisted)]
    subjects = _subjects(zip(table["Patient ID"], table["Additional ID"], strict=True))

    rows = []
    for sound, name in listed:
        match = _SOUND.fullmatch(Path(sound).stem)
        if not match or match[1] != name:
            faults.append(f"{name}.txt lists {sound!r}; expected {name}_, a location and .wav")
        elif locations is None or match[2] in locations:
            rows.append((Path(sound).stem, str(sounds.get(sound)), people[name].lower(), subjects[name], match[2]))
    if faults:
        raise DataError(f"dataset 'circor2022': {root} has {len(faults)} faults; get a new copy", faults)
    frame = pd.DataFrame(rows, columns=["id", "path", "label", "subject", "location"])
    cautions = [_CAUTION]
    known = frame["label"] != "unknown"
    if not unknown and not known.all():
        cautions.append(f"{int((~known).sum())} of {len(frame)} recordings have an unknown murmur and are left out.")
        frame = frame[known].reset_index(drop=True)
    classes = (name.lower() for name in _CLASSES[label])
    frame.attrs.update(
        classes=tuple(name for name in classes if unknown or name != "unknown"), cautions=tuple(cautions)
    )
    return frame


def _listed(path: Path, faults: list[str]) -> list[str]:
    """Return the recordings that the file of a patient lists: a line each with location, header, sound and segments."""
    if not path.is_file():
        faults.append(f"{path} is missing")
        return []
    lines = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()[1:]
    return [cells[2] for line in lines if not line.startswith("#") and len(cells := line.split()) >= 3]


def _subjects(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return one name a person, from all pairs of an identifier and its additional one (``nan``: none)."""
    subjects: dict[str, str] = {}
    for name, other in pairs:
        known = subjects.setdefault(name, name)
        other = other.removesuffix(".0")
        if other.lower() not in ("", "nan"):
            merged = subjects.setdefault(other, other)
            subjects = {each: known if subject == merged else subject for each, subject in subjects.items()}
    return subjects
