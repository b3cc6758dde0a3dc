"""Settings under which recordings that differ can be looked at together."""

from __future__ import annotations

import dataclasses
from collections import Counter

from fusionkit.data.examine import segment
from fusionkit.data.recordings import Recordings
from fusionkit.data.settings import DataSettings
from fusionkit.errors import DataError

_USUAL = 0.9  # share of recordings with the same channels from which the others count as faulty


def lenient_settings(recordings: Recordings, settings: DataSettings) -> tuple[DataSettings, tuple[str, ...]]:
    """Choose duration, sample rate and channels where the settings do not and recordings differ in them.

    Parameters
    ----------
    recordings : Recordings
        Their headers are read.
    settings : DataSettings
        As a run would get them.

    Returns
    -------
    settings : DataSettings
        The shortest duration, the most common rate and the channels that all have, where nothing was chosen.
    needs : tuple of str
        What a run will have to choose, a line each.
    """
    seconds, rates, layouts = _headers(recordings)
    needs = []
    chosen = settings
    if settings.duration is None and settings.window == "first" and seconds:
        chosen = dataclasses.replace(chosen, duration=min(seconds))
        if max(seconds) - min(seconds) > 1e-3:
            span = f"{min(seconds):.4g} to {max(seconds):.4g} s"
            needs.append(f"recordings last {span}: a run needs --duration or --window whole")
    if settings.sample_rate is None and len(rates) > 1:
        chosen = dataclasses.replace(chosen, sample_rate=rates.most_common(1)[0][0])
        needs.append(f"recordings have {len(rates)} sample rates: a run needs --sample-rate")
    if settings.channels is None and layouts and layouts.most_common(1)[0][1] < _USUAL * layouts.total():
        common = [name for name in layouts.most_common(1)[0][0] if all(name in names for names in layouts)]
        if common:
            chosen = dataclasses.replace(chosen, channels=tuple(common))
            needs.append(f"recordings differ in their channels: a run needs --channels; all have {', '.join(common)}")
    return chosen, tuple(needs)


def _headers(recordings: Recordings) -> tuple[list[float], Counter[float], Counter[tuple[str, ...]]]:
    """Return durations (s), sample rates (Hz) and channels of the recordings whose headers can be read."""
    layouts: Counter[tuple[str, ...]] = Counter()
    seconds: list[float] = []
    rates: Counter[float] = Counter()
    for row in recordings.manifest.to_dict("records"):
        try:
            header = recordings.header(row["id"])
            first, last = segment(row, header.samples, header.sample_rate)
        except DataError:
            continue  # the scan says why
        seconds.append((last - first) / header.sample_rate)
        rates[header.sample_rate] += 1
        layouts[header.channel_names] += 1
    return seconds, rates, layouts
