"""The shape of a window, as the recordings and the settings decide it."""

from __future__ import annotations

import pandas as pd

from fusionkit.data.resample import resample_ratio
from fusionkit.data.settings import DataSettings
from fusionkit.errors import DataError
from fusionkit.interfaces import SignalSpec


def window_signal(records: pd.DataFrame, channels: int, settings: DataSettings) -> SignalSpec:
    """Return the shape of a window.

    Parameters
    ----------
    records : DataFrame
        With the columns ``start``, ``stop`` (s) and ``sample_rate`` (Hz).
    channels : int
        Channels that are read.
    settings : DataSettings
        Duration, window and sample rate.

    Raises
    ------
    DataError
        If sample rates differ and none is chosen, if a rate cannot be reached, if lengths differ and no duration is
        chosen, or if the window is shorter than a sample.
    """
    counts = records["sample_rate"].value_counts()
    if settings.sample_rate is None and len(counts) > 1:
        found = ", ".join(f"{rate:.10g} Hz ({count})" for rate, count in counts.items())
        rare = records[records["sample_rate"] != counts.index[0]]
        names = (
            [f"{row['id']}: {row['sample_rate']:.10g} Hz" for row in rare.to_dict("records")] if "id" in rare else []
        )
        raise DataError(f"recordings have {len(counts)} sample rates: {found}; choose one with --sample-rate", names)
    rate = float(counts.index[0]) if settings.sample_rate is None else settings.sample_rate
    for source in counts.index:
        resample_ratio(float(source), rate)

    seconds = records["stop"] - records["start"]
    lengths = (seconds * rate).round().astype(int)
    if settings.duration is not None:
        samples = round(settings.duration * rate)
    elif settings.window == "whole" or lengths.nunique() == 1:
        samples = int(lengths.max())
    else:
        low, middle, high = seconds.quantile([0.05, 0.5, 0.95])
        raise DataError(
            f"recordings last from {seconds.min():.3g} to {seconds.max():.3g} s (5 %: {low:.3g}, median: {middle:.3g}, "
            f"95 %: {high:.3g}); choose the length of a window with --duration, in s, or --window whole"
        )
    if samples < 1:
        raise DataError(f"a window of {settings.duration} s at {rate:g} Hz holds no sample; choose a longer --duration")
    return SignalSpec(channels, samples, rate)
