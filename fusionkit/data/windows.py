"""Cut recordings into windows of one shape."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fusionkit.data.channels import channel_positions
from fusionkit.data.preprocessing import NO_PREPROCESSING, Preprocessing
from fusionkit.data.recordings import Recordings
from fusionkit.data.resample import resample, resample_context, resample_ratio
from fusionkit.data.scan import ScanResult
from fusionkit.data.settings import DataSettings
from fusionkit.errors import DataError

_CARRIED = ("subject", "database", "label", "quality", "split")


def plan_windows(scanned: ScanResult, settings: DataSettings) -> pd.DataFrame:
    """Decide which windows are cut.

    With ``hop``, windows start every hop from the start of the recording, as long as they lie inside; what is left at
    the end is dropped. A recording shorter than a window gives one window, padded with zeros at the end.

    Parameters
    ----------
    scanned : ScanResult
        The recordings and the shape of a window.
    settings : DataSettings
        Window and hop.

    Returns
    -------
    DataFrame
        A row a window: ``window`` (RECORD/NUMBER), ``record``, what the manifest says of subject, database, label,
        quality and split, and ``start`` and ``stop`` (s from the start of the file, within the recording).

    Raises
    ------
    DataError
        If the hop is shorter than a sample.
    """
    windows: list[dict[str, Any]] = []
    for record in scanned.records.to_dict("records"):
        rate = record["sample_rate"]
        first, last = round(record["start"] * rate), round(record["stop"] * rate)
        up, down = resample_ratio(rate, scanned.signal.sample_rate)
        length = -(-scanned.signal.samples * down // up)
        starts = range(first, first + 1)
        if settings.window == "hop":
            step = length if settings.hop is None else round(settings.hop * rate)
            if step < 1:
                raise DataError(
                    f"a hop of {settings.hop} s at {rate:g} Hz is shorter than a sample; choose a longer --hop"
                )
            starts = range(first, max(first, last - length) + 1, step)
        carried = {column: record[column] for column in _CARRIED if column in record}
        windows += [
            {"window": f"{record['id']}/{number}", "record": record["id"]}
            | carried
            | {"start": start / rate, "stop": min(start + length, last) / rate}
            for number, start in enumerate(starts)
        ]
    return pd.DataFrame(windows)


class WindowReader:
    """Reads windows in the shape that all of them have.

    A window of a resampled recording equals, sample for sample, the same stretch of the recording resampled as a whole
    (where it starts on a sample of it). Preprocessors get the resampled window with as much signal around it as they
    ask for, but never what lies beside a segment that the manifest calls ``isolated``; a window padded with zeros is
    padded after them.

    Parameters
    ----------
    recordings : Recordings
        What to read.
    scanned : ScanResult
        Channels, shape and sample rates.
    preprocessing : Preprocessing, optional
        What changes the samples.
    """

    def __init__(
        self, recordings: Recordings, scanned: ScanResult, preprocessing: Preprocessing = NO_PREPROCESSING
    ) -> None:
        self.signal = scanned.signal
        self.channels = scanned.channels
        self.preprocessing = preprocessing
        self._recordings = recordings
        records = scanned.records
        columns = ["content", "digest", "sample_rate", *(["channels"] if "channels" in records else [])]
        self._deciding = dict(zip(records["id"], records[columns].astype(str).to_numpy().tolist(), strict=True))
        alone = records[records["isolated"]] if "isolated" in records else records[:0]
        self._isolated = {row["id"]: (row["start"], row["stop"]) for row in alone.to_dict("records")}
        self._key: tuple[pd.DataFrame, str] | None = None

    def read(self, window: Mapping[Any, Any]) -> NDArray[np.float32]:
        """Read a window.

        Parameters
        ----------
        window : mapping
            A row of the plan: ``record``, ``start`` and ``stop``.

        Returns
        -------
        ndarray [channel, time] of float32
            Padded with zeros at the end where the recording ends before the window.
        """
        record = window["record"]
        header = self._recordings.header(record)
        rate = header.sample_rate
        first, last = round(window["start"] * rate), round(window["stop"] * rate)
        up, down = resample_ratio(rate, self.signal.sample_rate)
        context = 0 if up == down else resample_context(up, down)
        context += -(-math.ceil(self.preprocessing.context * rate) // down) * down
        low, high = 0, header.samples
        if record in self._isolated:
            low, high = (round(bound * rate) for bound in self._isolated[record])
        left = min(context, (first - low) // down * down)
        right = min(context, high - last)
        samples = self._recordings.read(record, first - left, last + right)
        samples = samples[self._positions(record)]
        offset = left * up // down
        count = min(self.signal.samples, -(-(last - first) * up // down))
        padded = np.zeros((self.signal.channels, self.signal.samples), dtype=np.float32)
        changed = self.preprocessing(resample(samples, up, down), record)
        padded[:, :count] = changed[:, offset : offset + count]
        return padded

    def key(self, windows: pd.DataFrame) -> str:
        """Return a hash of all that decides the values of the windows: contents, bounds, channels, shape, changes."""
        if self._key and self._key[0] is windows:  # asked for where data are compared, and where views are looked up
            return self._key[1]
        bounds = zip(windows["record"], windows["start"], windows["stop"], strict=True)
        # Nothing that has to be read from the files again: a run whose views are cached begins sooner.
        plan = [(*self._deciding[record], self._isolated.get(record), start, stop) for record, start, stop in bounds]
        text = json.dumps([self.signal.samples, self.signal.sample_rate, self.channels, self.preprocessing.key, plan])
        self._key = windows, hashlib.sha256(text.encode()).hexdigest()
        return self._key[1]

    def _positions(self, record: str) -> list[int]:
        return channel_positions(self._recordings.header(record).channel_names, self.channels)
