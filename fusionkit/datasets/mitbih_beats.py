"""Beats of the MIT-BIH Arrhythmia Database: their classes, and the form of Kachuee et al. (2018)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from fusionkit.data.readers import read_samples
from fusionkit.data.wfdb_annotations import Annotations
from fusionkit.data.wfdb_header import WfdbHeader
from fusionkit.datasets.beat_store import stored_beats

AAMI: Mapping[str, str] = MappingProxyType(
    dict.fromkeys("NLRej", "N") | dict.fromkeys("AaJS", "S") | dict.fromkeys("VE", "V") | {"F": "F"}
    | dict.fromkeys("/fQ", "Q")
)  # fmt: skip
KACHUEE_SAMPLES = 187
KACHUEE_RATE = 125.0

_STEP = 3
_EXTENSION = 0.2
_RECIPE = "mitbih kachuee 1"


def kachuee_beats(record: Path, header: WfdbHeader, annotations: Annotations) -> tuple[Path, NDArray[np.intp]]:
    """Return where the beats of a record are kept in the form of the public heartbeat CSVs, and which beats these are.

    A beat goes from its annotated peak p[i] up to p[i+1] + floor(0.2 (p[i+2] - p[i+1])), where p are all annotations,
    whatever their kind. Of this stretch of the first signal every third sample is taken, scaled to 0..1 by its own
    minimum and maximum, and cut or padded with zeros at the end to 187 samples. The last annotation gives no beat; the
    last but one has no p[i+2], and the distance from p[i] to p[i+1] stands in for it.

    Every third sample of 360 Hz makes 120 Hz; the source calls it 125 Hz, and so do the files here.

    Parameters
    ----------
    record : Path
        Its ``.hea``.
    header, annotations
        What the record says of itself, and its annotations.

    Returns
    -------
    path : Path
        A ``.npy`` with the beats one behind the other.
    positions : ndarray
        Positions of these beats among the annotations.
    """
    peaks = annotations.samples
    is_beat = np.isin(annotations.symbols, list(AAMI))
    is_beat[-1:] = False
    positions = np.flatnonzero(is_beat)

    def derive() -> NDArray[np.float32]:
        # Whole ADC units, as the CSVs were made of: their values are met to the last bit.
        samples = np.rint(read_samples(record, 0, header.samples)[0] * np.float32(header.signals[0].gain))
        gaps = np.diff(peaks)
        stops = peaks[1:] + (_EXTENSION * np.append(gaps[1:], gaps[-1:])).astype(np.int64)
        beats = np.zeros((len(positions), KACHUEE_SAMPLES), dtype=np.float32)
        for beat, position in zip(beats, positions, strict=True):
            stretch = samples[peaks[position] : stops[position] : _STEP]
            low, high = stretch.min(), stretch.max()
            if high > low:
                scaled = (stretch[:KACHUEE_SAMPLES] - low) / (high - low)
                beat[: len(scaled)] = scaled
        return beats

    sources = [record, *{record.with_name(signal.file): None for signal in header.signals}, record.with_suffix(".atr")]
    path, _ = stored_beats(_RECIPE, sources, KACHUEE_SAMPLES, derive)
    return path, positions
