"""Transcranial Doppler recordings with emboli: a folder layout."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from fusionkit.data.spec import existing_folder
from fusionkit.datasets.label_table import labelled_files
from fusionkit.errors import DataError
from fusionkit.options import Option

if TYPE_CHECKING:
    import pandas as pd

_CLASSES = ("artifact", "gaseous", "solid")
_CHANNELS = {"directional": "toward,away", "quadrature": "I,Q"}


def hits(
    path: Path | None,
    /,
    *,
    output: Annotated[
        Literal["directional", "quadrature"],
        Option("What the two channels are: flow toward and away from the probe, or the quadrature pair I and Q."),
    ] = "directional",
) -> pd.DataFrame:
    """High-intensity transient signals of transcranial Doppler: artifact, gaseous embolus or solid embolus.

    The set of Vindas et al. is private (39 subjects; 403 artifacts, 569 gaseous and 569 solid emboli, 4 unknown left
    out; 250 ms each, two channels). This is the layout in which a set of that kind is read: ``PATH/labels.csv`` with
    the columns ``recording``, ``subject`` and ``label``, and optionally ``start`` and ``stop`` (s; empty: the whole
    file), ``split`` and any other; and ``PATH/recordings/`` with WAV files of two channels. A label is ``artifact``,
    ``gaseous``, ``solid`` or ``unknown``; rows with ``unknown`` are left out.

    Parameters
    ----------
    path : Path
        Folder that holds ``labels.csv`` and ``recordings``.
    output : 'directional' or 'quadrature'
        Names the channels toward and away, or I and Q.

    Returns
    -------
    DataFrame
        The table with ``id``, ``path`` and ``channels``. Files without exactly two channels are refused when they are
        read. ``attrs`` hold ``classes`` and ``cautions``.

    Raises
    ------
    DataError
        If the table is missing or unreadable, a recording has no row, a row has no recording or another label.

    References
    ----------
    Vindas et al. (2022), An hybrid CNN-Transformer model based on multi-feature extraction and attention fusion
    mechanism for cerebral emboli classification, Proceedings of Machine Learning Research 182 (MLHC).
    """
    root = existing_folder(path, "hits")
    columns = ("recording", "label", "subject")
    frame = labelled_files(root / "labels.csv", root / "recordings", (".wav",), "hits", columns)
    faults = [
        f"labels.csv, row {number} ({identifier}): label is {label!r}"
        for number, (identifier, label) in enumerate(zip(frame["id"], frame["label"], strict=True), start=1)
        if label not in (*_CLASSES, "unknown")
    ]
    if faults:
        raise DataError(
            f"dataset 'hits': {root / 'labels.csv'} has {len(faults)} other labels than {', '.join(_CLASSES)} and "
            "unknown; mend these rows",
            faults,
        )
    known = frame["label"] != "unknown"
    left_out = int((~known).sum())
    frame = frame[known].reset_index(drop=True).assign(channels=_CHANNELS[output])
    frame.attrs["classes"] = _CLASSES
    if left_out:
        frame.attrs["cautions"] = (f"{left_out} of {len(known)} events have the label unknown and are left out.",)
    return frame
