"""Simulated emboli."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from fusionkit.options import Option

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from fusionkit.datasets.simulation.recorded_set import Recording

_VERSION = 1


def demo_tcd(
    path: Path | None,
    /,
    *,
    records: Annotated[int, Option("Recordings, one event each.", ge=6, le=100_000)] = 420,
    subjects: Annotated[int, Option("Persons, who have equally many recordings.", ge=2, le=1000)] = 42,
    seed: Annotated[int, Option("Seed of persons and recordings.", ge=0)] = 0,
) -> pd.DataFrame:
    """Simulate transcranial Doppler signals with an artifact, a gaseous or a solid embolus.

    A recording is 250 ms at 5500 Hz, its channels are the in-phase (I) and quadrature (Q) output of the receiver. The
    phase between the channels, which the magnitude of their spectra does not show, tells artifacts from emboli; the
    sweep of the frequency, plain in a spectrogram, tells gas from solids. The classes are equally frequent.

    Parameters
    ----------
    path : Path, optional
        Folder below which the set is written; by default the cache.
    records, subjects, seed : int
        A recording depends on its number, on the number of persons and on the seed.

    Returns
    -------
    DataFrame
        ``id``, ``path``, ``label``, ``subject``, ``channels``, and of the event ``at`` (s), ``frequency`` (Hz) and
        ``sweep`` (Hz/s).

    See Also
    --------
    fusionkit.datasets.simulation.doppler.simulate_event : The model, and its sources.
    """
    from fusionkit.datasets.simulation.casting import casting
    from fusionkit.datasets.simulation.doppler import CHANNELS, EVENTS, SAMPLE_RATE, draw_flow, simulate_event
    from fusionkit.datasets.simulation.recorded_set import recorded_set

    def recordings() -> Iterator[Recording]:
        for take in casting(records, subjects, EVENTS, seed):
            event = simulate_event(draw_flow(take.traits), take.label, take.moment)
            row = {
                "label": take.label,
                "subject": take.subject,
                "channels": ",".join(CHANNELS),
                "at": event.at,
                "frequency": event.frequency,
                "sweep": event.sweep,
            }
            yield take.id, event.signal, row

    options = {"records": records, "subjects": subjects, "seed": seed}
    return recorded_set(
        "demo_tcd", _VERSION, options, recordings(), sample_rate=SAMPLE_RATE, classes=EVENTS, folder=path
    )
