"""Simulated heartbeats."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from fusionkit.options import Option

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from fusionkit.datasets.simulation.recorded_set import Recording

_VERSION = 2


def demo_ecg(
    path: Path | None,
    /,
    *,
    records: Annotated[int, Option("Recordings, one beat each.", ge=8, le=100_000)] = 480,
    subjects: Annotated[int, Option("Persons, who have equally many recordings.", ge=2, le=1000)] = 48,
    seed: Annotated[int, Option("Seed of persons and recordings.", ge=0)] = 0,
) -> pd.DataFrame:
    """Simulate heartbeats on the leads MLII and V1: normal (N), atrial (S), ventricular (V) or fused (F).

    A recording is 1 s at 360 Hz in uV, 0.45 s of it before the top of the R wave. The polarity of the P wave, which the
    magnitude of a wavelet transform does not show, tells N and F from S and V; faint fine structure of the QRS complex,
    which the waveform buries under the R wave, tells N and S from V and F. The classes are equally frequent.

    Parameters
    ----------
    path : Path, optional
        Folder below which the set is written; by default the cache.
    records, subjects, seed : int
        A recording depends on its number, on the number of persons and on the seed.

    Returns
    -------
    DataFrame
        ``id``, ``path``, ``label``, ``subject``, ``channels``, ``rr_interval`` and ``qrs_duration`` (s).

    See Also
    --------
    fusionkit.datasets.simulation.heartbeat.simulate_beat : The model, and its sources.
    """
    from fusionkit.datasets.simulation.casting import casting
    from fusionkit.datasets.simulation.heartbeat import BEATS, LEADS, SAMPLE_RATE, draw_heart, simulate_beat
    from fusionkit.datasets.simulation.recorded_set import recorded_set

    def recordings() -> Iterator[Recording]:
        for take in casting(records, subjects, BEATS, seed):
            beat = simulate_beat(draw_heart(take.traits), take.label, take.moment)
            row = {
                "label": take.label,
                "subject": take.subject,
                "channels": ",".join(LEADS),
                "rr_interval": beat.rr_interval,
                "qrs_duration": beat.qrs_duration,
            }
            yield take.id, beat.signal, row

    options = {"records": records, "subjects": subjects, "seed": seed}
    return recorded_set(
        "demo_ecg", _VERSION, options, recordings(), sample_rate=SAMPLE_RATE, classes=BEATS, folder=path
    )
