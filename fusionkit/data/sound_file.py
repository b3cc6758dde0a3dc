"""Read sound files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from fusionkit.data.riff import check_riff
from fusionkit.data.signal_header import FULL_SCALE, Declared, SignalHeader
from fusionkit.errors import DataError


class SoundFile:
    """Reads WAV and FLAC; integer samples are divided by their full scale."""

    def header(self, path: Path, declared: Declared) -> SignalHeader:  # noqa: ARG002
        """Return the header; that of a WAV file is checked against its size."""
        frames = check_riff(path) if path.suffix.lower() == ".wav" else None
        try:
            info = soundfile.info(str(path))
        except soundfile.LibsndfileError as error:
            raise ValueError(error.error_string) from error
        if frames is not None and frames != info.frames:
            raise DataError(f"{path}: is damaged: its header declares {frames} samples, {info.frames} can be read")
        names = tuple(str(channel) for channel in range(info.channels))
        units = (FULL_SCALE,) * info.channels
        return SignalHeader(info.channels, info.frames, float(info.samplerate), names, units)

    def samples(self, path: Path, declared: Declared, start: int, stop: int) -> NDArray[np.float32]:  # noqa: ARG002
        """Return samples as shares of the full scale."""
        try:
            samples, _ = soundfile.read(str(path), start=start, stop=stop, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError as error:
            raise ValueError(error.error_string) from error
        return np.ascontiguousarray(samples.T)
