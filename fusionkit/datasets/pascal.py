"""PASCAL Classifying Heart Sounds Challenge 2011."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from fusionkit.data.spec import existing_folder
from fusionkit.errors import DataError
from fusionkit.options import Option

if TYPE_CHECKING:
    import pandas as pd

_CLASSES = ("normal", "murmur", "extrastole", "extrahls", "artifact")
_FINDINGS = dict.fromkeys(("murmur", "extrastole", "extrahls"), "abnormal")
_SCHEMES = {
    "all": {name: name for name in _CLASSES},
    "normal_murmur": {"normal": "normal", "murmur": "murmur"},
    "binary": {"normal": "normal", **_FINDINGS},
    "audiofuse": {"normal": "normal", **_FINDINGS, "artifact": "abnormal"},
}
# For example normal__101_1305030823364_A, murmur_noisymurmur_135_1306428972976_B and artifact__201012172012.
_NAME = re.compile(r"(?P<label>[a-z]+)_(?P<noisy>noisy[a-z]+)?_(?P<number>\d+)(_\w+)?")


def pascal(
    path: Path | None,
    /,
    *,
    sets: Annotated[
        Literal["a", "b", "ab"],
        Option("Set A (telephones, 44.1 kHz), set B (an electronic stethoscope, 4 kHz), or both."),
    ] = "b",
    labels: Annotated[
        Literal["all", "normal_murmur", "binary", "audiofuse"],
        Option("Classes: as published, two of them, or normal against abnormal (artifacts: none, or abnormal)."),
    ] = "all",
    noisy: Annotated[bool, Option("Keep the recordings of set B that the organisers call noisy.")] = True,
    missing: Annotated[
        Literal["error", "skip"], Option("What to do when recordings that the published lists name are absent.")
    ] = "error",
) -> pd.DataFrame:
    """PASCAL heart sounds: 585 labelled phonocardiograms, of which set B has 461, of 0.8 to 28 s each.

    Labels come from the names of the files, because ``set_b.csv`` names other files than there are. Recordings without
    a label are left out. In set B, the number in the name is taken for the subject; 103 and 146 hold the same sounds,
    cut differently, and are taken for one. 35 of the 165 numbers carry more than one label. Set A tells no subject:
    there each recording is a subject of its own.

    Parameters
    ----------
    path : Path
        Folder that holds ``set_a`` or ``set_b``, and beside them ``set_a.csv`` or ``set_b.csv``.
    sets : 'a', 'b' or 'ab'
        Set B has normal 320, murmur 95 and extrastole 46; set A normal 31, murmur 34, extrahls 19 and artifact 40.
    labels : 'all', 'normal_murmur', 'binary' or 'audiofuse'
        'binary' calls murmur, extrastole and extrahls abnormal and leaves artifact out; 'audiofuse' calls artifact
        abnormal too, which with both sets gives 351 normal and 234 abnormal.
    noisy : bool
        Noisy are 120 normal recordings and 29 murmurs.
    missing : 'error' or 'skip'
        With 'skip', a caution says how many are absent.

    Returns
    -------
    DataFrame
        ``id`` (set_b/normal__101_1305030823364_A), ``path``, ``label``, ``subject``, ``database`` (set_a or set_b) and
        ``quality`` (clean or noisy).

    Raises
    ------
    DataError
        If there is no recording, a name cannot be read, or a listed recording is absent; all are in its details.

    References
    ----------
    Bentley, Nordehn, Coimbra and Mannor (2011), The PASCAL Classifying Heart Sounds Challenge 2011,
    http://www.peterjbentley.com/heartchallenge/index.html.
    """
    import pandas as pd

    root = existing_folder(path, "pascal")
    scheme = _SCHEMES[labels]
    faults: list[str] = []
    absent: list[str] = []
    rows = []
    for database in (f"set_{letter}" for letter in sets):
        folder = root / database
        sounds = {file.stem: file for file in sorted(folder.glob("*.wav")) if "unlabelled" not in file.name}
        if not sounds:
            faults.append(f"{folder} holds no labelled recording")
        absent += [f"{folder / name}.wav" for name in _listed(root / f"{database}.csv") if name not in sounds]
        for name, sound in sounds.items():
            match = _NAME.fullmatch(name)
            if match is None or match["label"] not in _CLASSES:
                faults.append(f"{sound}: the name begins with no known label; expected one of {', '.join(_CLASSES)}")
            elif match["label"] in scheme and (noisy or not match["noisy"]):
                rows.append(
                    {
                        "id": f"{database}/{name}",
                        "path": str(sound),
                        "label": scheme[match["label"]],
                        "subject": f"b{_person(match['number'])}" if database == "set_b" else f"a{name}",
                        "database": database,
                        "quality": "noisy" if match["noisy"] else "clean",
                    }
                )
    if absent and missing == "error":
        faults += [f"{file} is listed but absent" for file in absent]
    if faults:
        raise DataError(
            f"dataset 'pascal': {root} has {len(faults)} faults; get a new copy (missing=skip goes on without absent "
            "recordings)",
            faults,
        )
    frame = pd.DataFrame(rows, columns=["id", "path", "label", "subject", "database", "quality"])
    cautions = []
    if absent:
        cautions.append(f"{len(absent)} published recordings of PASCAL are absent")
    if "a" in sets:
        cautions.append(
            "set A of PASCAL tells no subjects: that one person stands in two parts of a split is not excluded"
        )
    frame.attrs = {"classes": tuple(dict.fromkeys(scheme.values())), "cautions": tuple(cautions)}
    return frame


def _person(number: str) -> str:
    # Four sounds of 146 are those of 103, cut differently.
    return "103" if number == "146" else number


def _listed(table: Path) -> list[str]:
    """Return the labelled recordings that a published list names, by the names that their files really have."""
    if not table.is_file():
        return []
    import pandas as pd

    published = pd.read_csv(table, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    if not {"fname", "label"} <= set(published.columns):
        raise DataError(f"dataset 'pascal': {table} has no columns 'fname' and 'label'; get a new copy")
    names = (Path(name).stem for name in published.loc[published["label"] != "", "fname"])
    # Btraining_normal_Btraining_noisynormal_101_... is the file normal_noisynormal_101_...,
    # and Btraining_murmur_112_... is murmur__112_...
    return [
        re.sub(r"^([a-z]+)_(?=\d)", r"\1__", name.replace("Btraining_", "")) if name.startswith("Btraining_") else name
        for name in names
    ]
