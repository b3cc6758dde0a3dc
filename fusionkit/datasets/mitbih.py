"""MIT-BIH Arrhythmia Database, beat by beat."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from fusionkit.data.spec import existing_folder
from fusionkit.errors import DataError
from fusionkit.options import Option

if TYPE_CHECKING:
    import pandas as pd

_PARTS = {
    "train": "101 106 108 109 112 114 115 116 118 119 122 124 201 203 205 207 208 209 215 220 223 230",
    "test": "100 103 105 111 113 117 121 123 200 202 210 212 213 214 219 221 222 228 231 232 233 234",
    "unused": "102 104 107 217",
}


def mitbih(
    path: Path | None,
    /,
    *,
    form: Annotated[
        Literal["beat", "kachuee"],
        Option("Stretches of the records, or the beats of 187 samples that the public heartbeat CSVs hold."),
    ] = "beat",
    classes: Annotated[
        Literal["aami5", "aami4"], Option("Classes N, S, V, F and Q of the AAMI, or without Q (paced and unknown).")
    ] = "aami5",
    paced: Annotated[bool, Option("Take in records 102, 104, 107 and 217, of persons with a pacemaker.")] = False,
    before: Annotated[float, Option("Signal before the peak of a beat in s (form=beat).", ge=0, le=10)] = 0.25,
    after: Annotated[float, Option("Signal from the peak of a beat on in s (form=beat).", gt=0, le=10)] = 0.45,
    missing: Annotated[
        Literal["error", "skip"], Option("What to do when some of the 48 records are absent.")
    ] = "error",
) -> pd.DataFrame:
    """MIT-BIH arrhythmias: 109494 annotated beats in 48 records of 47 persons, two leads at 360 Hz.

    The split is that of de Chazal et al. (2004): DS1 is ``train``, DS2 is ``test``, the paced records are ``unused``.
    Records 201 (DS1) and 202 (DS2) are of one person, whom both name ``201``.

    Leads are told by name: MLII, which all records but the paced 102 and 104 have, is the first one in most and the
    second in 114. Choose it with ``--channels MLII``.

    Parameters
    ----------
    path : Path
        Folder that holds ``100.hea``, ``100.dat``, ``100.atr`` and so on.
    form : 'beat' or 'kachuee'
        'kachuee' takes the first lead in the form that `fusionkit.datasets.mitbih_beats.kachuee_beats` describes; the
        beats are kept in the cache, and the last annotation of a record gives none.
    classes : 'aami5' or 'aami4'
        N: N L R e j; S: A a J S; V: V E; F: F; Q: / f Q.
    paced : bool
        Whether to take in the paced records.
    before, after : float
        A stretch of this length in s; where it would pass an end of the record, it is moved inside.
    missing : 'error' or 'skip'
        With 'skip', a caution names the absent records.

    Returns
    -------
    DataFrame
        ``id`` (record/sample of the peak, such as 100/000370), ``path``, ``label``, ``subject``, ``database``,
        ``split``, ``start``, ``stop``, ``sample_rate``, ``isolated``, ``record`` and ``symbol`` (the original
        annotation).

    Raises
    ------
    DataError
        If a record is absent or damaged; all are in its details.

    References
    ----------
    Moody and Mark (2001), The impact of the MIT-BIH Arrhythmia Database, IEEE Eng. in Medicine and Biology 20(3),
    doi:10.1109/51.932724. de Chazal, O'Dwyer and Reilly (2004), Automatic classification of heartbeats using ECG
    morphology and heartbeat interval features, IEEE Transactions on Biomedical Engineering 51(7),
    doi:10.1109/TBME.2004.827359. Kachuee, Fazeli and Sarrafzadeh (2018), ECG heartbeat classification: a deep
    transferable representation, doi:10.1109/ICHI.2018.00092.
    """
    import pandas as pd

    root = existing_folder(path, "mitbih")
    splits = {record: part for part, names in _PARTS.items() for record in names.split()}
    wanted = sorted(record for record, part in splits.items() if paced or part != "unused")
    absent: list[str] = []
    faults: list[str] = []
    tables = []
    for record in wanted:
        files = [root / f"{record}{suffix}" for suffix in (".hea", ".dat", ".atr")]
        lacking = [f"{file} is absent" for file in files if not file.is_file()]
        if len(lacking) == len(files):
            absent.append(record)
        elif lacking:
            faults += lacking
        else:
            try:
                beats = _beats(files[0], form, before, after)
            except DataError as error:
                faults.append(str(error))
            else:
                tables.append(
                    beats.assign(record=record, subject=person(record), database="mitdb", split=splits[record])
                )
    if missing == "error" or not (tables or faults):
        faults += [f"record {record} is absent" for record in absent]
    if faults:
        raise DataError(
            f"dataset 'mitbih': {root} has {len(faults)} faults; get a new copy (missing=skip goes on without absent "
            "records)",
            faults,
        )
    frame = pd.concat(tables, ignore_index=True)
    names = tuple("NSVFQ" if classes == "aami5" else "NSVF")
    frame = frame[frame["label"].isin(names)].reset_index(drop=True)
    cautions = (f"records {', '.join(absent)} of MIT-BIH are absent",) if absent else ()
    frame.attrs = {"classes": names, "cautions": cautions}
    return frame


def person(record: str) -> str:
    """Return the person of a record: 201 and 202 are of one, all others of another each."""
    return "201" if record == "202" else record


def _beats(header_file: Path, form: str, before: float, after: float) -> pd.DataFrame:
    """Return a row a beat of one record."""
    import numpy as np
    import pandas as pd

    from fusionkit.data.wfdb_annotations import read_annotations
    from fusionkit.data.wfdb_header import read_wfdb_header
    from fusionkit.datasets.mitbih_beats import AAMI, KACHUEE_RATE, KACHUEE_SAMPLES, kachuee_beats

    header = read_wfdb_header(header_file)
    annotations = read_annotations(header_file.with_suffix(".atr"))
    peaks, beats = annotations.samples, np.flatnonzero(np.isin(annotations.symbols, list(AAMI)))
    if len(beats) < 2 or peaks[-1] >= header.samples:
        raise DataError(
            f"{header_file.with_suffix('.atr')}: has {len(beats)} beats up to sample {max(peaks, default=0)}; "
            f"expected two or more, within a record of {header.samples} samples"
        )
    if form == "kachuee":
        path, beats = kachuee_beats(header_file, header, annotations)
        rate, length = KACHUEE_RATE, KACHUEE_SAMPLES
        starts = np.arange(len(beats)) * length
    else:
        path = header_file
        rate, length = header.sample_rate, round((before + after) * header.sample_rate)
        if length > header.samples:
            raise DataError(f"{header_file}: is shorter than a beat of {before + after:g} s")
        starts = np.clip(peaks[beats] - round(before * rate), 0, header.samples - length)
    symbols = annotations.symbols[beats].tolist()
    return pd.DataFrame(
        {
            "id": [f"{header_file.stem}/{peak:06d}" for peak in peaks[beats]],
            "path": str(path),
            "label": [AAMI[symbol] for symbol in symbols],
            "symbol": symbols,
            "start": starts / rate,
            "stop": (starts + length) / rate,
            "sample_rate": rate,
            "isolated": form == "kachuee",
        }
    )
