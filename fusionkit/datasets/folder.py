"""A folder of recordings: one folder inside it for each class."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from fusionkit.data.spec import existing_folder
from fusionkit.errors import DataError, UsageError
from fusionkit.options import Option

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".edf", ".flac", ".hea", ".wav")
"""Files that state their own sample rate."""


def folder(
    path: Path | None,
    /,
    *,
    subject: Annotated[
        str | None,
        Option("Regular expression that finds the subject in a file name, as its group; none: subjects are unknown."),
    ] = None,
) -> pd.DataFrame:
    r"""List recordings in a folder for each class: ``PATH/normal/1.wav``, ``PATH/murmur/batch-2/7.wav``.

    Recordings are wav, flac, edf and WFDB headers. Hidden files, and files that are no recordings, are left out.

    Parameters
    ----------
    path : Path
        Folder that holds a folder for each class, at any depth below which the recordings of that class lie.
    subject : str, optional
        Searched for in the name of the file; its only group, or the group named ``subject``, is the subject. For
        example ``^(\d+)_`` takes ``12`` from ``12_apex.wav``.

    Returns
    -------
    DataFrame
        ``id`` (path below the folder, without suffix), ``path``, ``label`` (name of the class folder) and ``subject``.

    Raises
    ------
    UsageError
        If the expression is none, or does not have one group.
    DataError
        If there are fewer than two class folders, one is empty, a recording lies beside them, or a name has no subject.
    """
    import pandas as pd

    root = existing_folder(path, "folder")
    pattern = _pattern(subject)
    classes = sorted(child for child in root.iterdir() if child.is_dir() and not child.name.startswith("."))
    sounds = sorted(
        file
        for file in root.rglob("*")
        if file.suffix.lower() in SUFFIXES
        and (file.is_file() or file.is_symlink())
        and not any(part.startswith(".") for part in file.relative_to(root).parts)
    )
    if not sounds:
        raise DataError(f"dataset 'folder': {root} holds no recording; expected {', '.join(SUFFIXES)}")
    labels = [file.relative_to(root).parts[0] for file in sounds]
    faults = [f"{file} lies in no class folder" for file in sounds if file.parent == root]
    faults += [f"{child} holds no recording" for child in classes if child.name not in labels]
    frame = pd.DataFrame(
        {
            "id": [file.relative_to(root).with_suffix("").as_posix() for file in sounds],
            "path": [str(file) for file in sounds],
            "label": labels,
        }
    )
    if pattern is not None:
        subjects = [_subject(pattern, file) for file in sounds]
        faults += [f"{file} has no subject" for file, name in zip(sounds, subjects, strict=True) if not name]
        frame["subject"] = subjects
    if faults:
        raise DataError(f"dataset 'folder': {root} has {len(faults)} faults; move or remove these", faults)
    if len(classes) < 2:
        raise DataError(f"dataset 'folder': {root} has one class folder, {classes[0].name!r}; expected two or more")
    return frame


def _pattern(subject: str | None) -> re.Pattern[str] | None:
    if subject is None:
        return None
    try:
        pattern = re.compile(subject)
    except re.error as error:
        raise UsageError(f"dataset 'folder': subject {subject!r} is no regular expression: {error}") from None
    if pattern.groups != 1 and "subject" not in pattern.groupindex:
        raise UsageError(
            f"dataset 'folder': subject {subject!r} has {pattern.groups} groups; expected one, or one named 'subject'"
        )
    return pattern


def _subject(pattern: re.Pattern[str], file: Path) -> str | None:
    match = pattern.search(file.name)
    return match.group("subject" if "subject" in pattern.groupindex else 1) if match else None
