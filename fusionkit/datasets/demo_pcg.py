"""Simulated heart sounds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from fusionkit.options import Option

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from fusionkit.datasets.simulation.recorded_set import Recording

_VERSION = 1
# A person's diagnosis; in any number of persons, every other one is healthy.
_PERSONS = (
    *("normal", "bundle_branch_block", "innocent_murmur", "aortic_stenosis"),
    *("normal", "bundle_branch_block", "innocent_murmur", "mitral_regurgitation"),
    *("normal", "bundle_branch_block", "normal", "aortic_regurgitation"),
)
_HEALTHY = ("normal", "innocent_murmur")
_INNOCENT_SHARE = 1 / 3  # of persons with a block; as in the healthy, so that it tells nothing


def demo_pcg(
    path: Path | None,
    /,
    *,
    records: Annotated[int, Option("Recordings.", ge=12, le=100_000)] = 960,
    subjects: Annotated[int, Option("Persons, who have equally many recordings.", ge=12, le=10_000)] = 480,
    labels: Annotated[
        Literal["binary", "diagnosis"], Option("Classes: normal and abnormal, or the six diagnoses.")
    ] = "binary",
    seed: Annotated[int, Option("Seed of persons and recordings.", ge=0)] = 0,
) -> pd.DataFrame:
    """Simulate heart sounds: normal, or abnormal by the order of their components or by a faint murmur.

    A recording is 3 s at 2000 Hz. Half of the persons are healthy, a third of these with an innocent low-pitched
    murmur. A quarter have a left bundle branch block: the soft component of a sound comes 13 ms before the loud one,
    not after it, which the waveform shows and a window of 128 ms blurs. A quarter have a high-pitched murmur 48 dB
    below the first sound (ejection in aortic stenosis, holosystolic in mitral and decrescendo in aortic regurgitation),
    which a spectrogram in decibels shows and the waveform hides.

    Parameters
    ----------
    path : Path, optional
        Folder below which the set is written; by default the cache.
    records, subjects, seed : int
        A recording depends on its number, on the number of persons and on the seed.
    labels : 'binary' or 'diagnosis'
        What the column ``label`` holds.

    Returns
    -------
    DataFrame
        ``id``, ``path``, ``label``, ``subject``, ``diagnosis`` and ``heart_rate`` (beats a minute).

    See Also
    --------
    fusionkit.datasets.simulation.heart_sound.simulate_heart_sound : The model, and its sources.
    """
    from fusionkit.datasets.simulation.casting import casting
    from fusionkit.datasets.simulation.heart_sound import SAMPLE_RATE, Murmur, draw_heart, simulate_heart_sound
    from fusionkit.datasets.simulation.recorded_set import recorded_set

    murmurs: dict[str, Murmur] = {
        "innocent_murmur": "innocent",
        "aortic_stenosis": "ejection",
        "mitral_regurgitation": "holosystolic",
        "aortic_regurgitation": "decrescendo",
    }

    def recordings() -> Iterator[Recording]:
        for take in casting(records, subjects, _PERSONS, seed, keep_class=True):
            blocked = take.label == "bundle_branch_block"
            innocent = take.traits.random() < _INNOCENT_SHARE
            murmur = "innocent" if blocked and innocent else murmurs.get(take.label, "none")
            heart = draw_heart(take.traits, murmur, reversed_split=blocked)
            row = {
                "subject": take.subject,
                "diagnosis": take.label,
                "heart_rate": round(heart.heart_rate, 1),
            }
            yield take.id, simulate_heart_sound(heart, take.moment), row

    frame = recorded_set(
        "demo_pcg",
        _VERSION,
        {"records": records, "subjects": subjects, "seed": seed},
        recordings(),
        sample_rate=SAMPLE_RATE,
        classes=("normal", "abnormal") if labels == "binary" else tuple(dict.fromkeys(_PERSONS)),
        folder=path,
    )
    binary = frame["diagnosis"].isin(_HEALTHY).map({True: "normal", False: "abnormal"})
    frame.insert(2, "label", binary if labels == "binary" else frame["diagnosis"])
    return frame
