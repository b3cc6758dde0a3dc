"""How fast recordings and windows are read, against what a user would write with the usual libraries.

    python -m benchmarks.loading [--wfdb FOLDER] [--wav FOLDER] [--records 20] [--rounds 5]

Without folders, recordings like those of MIT-BIH (2 leads, 30 minutes at 360 Hz, format 212) and of the PhysioNet
Challenge 2016 (20 s at 2 kHz) are made. The ways take turns in every round; the median round counts. A ratio above 1
means that fusionkit is faster. fusionkit compares every header with the size of its files first; the others do not.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import librosa
import numpy as np
import soundfile

from fusionkit.data.readers import read_header, read_samples

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import wfdb

WINDOW = 1000


def make_wfdb(folder: Path, records: int) -> None:
    """Write records of noise in format 212."""
    for number in range(records):
        wfdb.wrsamp(
            f"r{number}",
            fs=360,
            units=["mV", "mV"],
            sig_name=["MLII", "V5"],
            d_signal=np.random.default_rng(number).integers(-2000, 2000, (650_000, 2)),
            fmt=["212", "212"],
            adc_gain=[200.0, 200.0],
            baseline=[0, 0],
            write_dir=str(folder),
        )


def make_wav(folder: Path, records: int) -> None:
    """Write sounds of noise."""
    for number in range(records):
        soundfile.write(folder / f"r{number}.wav", np.random.default_rng(number).uniform(-1, 1, 40_000), 2000)


def ours_whole(path: Path) -> None:
    """Read a recording."""
    read_samples(path, 0, read_header(path).samples)


def ours_windows(path: Path, starts: list[int]) -> None:
    """Read windows of a recording, as the window reader does: the header is read once."""
    read_header(path)
    for start in starts:
        read_samples(path, start, start + WINDOW)


def wfdb_whole(path: Path) -> None:
    """Read a recording with wfdb."""
    wfdb.rdrecord(str(path.with_suffix("")))


def wfdb_windows(path: Path, starts: list[int]) -> None:
    """Read windows with wfdb."""
    for start in starts:
        wfdb.rdrecord(str(path.with_suffix("")), sampfrom=start, sampto=start + WINDOW)


def librosa_whole(path: Path) -> None:
    """Read a recording with librosa, which reads WAV with soundfile."""
    librosa.load(path, sr=None, mono=False)


def librosa_windows(path: Path, starts: list[int]) -> None:
    """Read windows with librosa."""
    rate = librosa.get_samplerate(path)
    for start in starts:
        librosa.load(path, sr=None, mono=False, offset=start / rate, duration=WINDOW / rate)


def soundfile_whole(path: Path) -> None:
    """Read a recording with soundfile."""
    soundfile.read(path, dtype="float32")


def soundfile_windows(path: Path, starts: list[int]) -> None:
    """Read windows with soundfile."""
    for start in starts:
        soundfile.read(path, start=start, stop=start + WINDOW, dtype="float32")


def compare(
    name: str,
    paths: list[Path],
    rounds: int,
    wholes: dict[str, Callable[[Path], None]],
    windows: dict[str, Callable[[Path, list[int]], None]],
) -> None:
    """Time every way in turn and print a row each."""
    rng = np.random.default_rng(0)
    starts = {path: rng.integers(0, read_header(path).samples - WINDOW, 50).tolist() for path in paths}
    for unit, ways, count in (("records", wholes, len(paths)), ("windows", windows, 50 * len(paths))):
        times: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(rounds):
            for way, read in ways.items():
                begun = time.perf_counter()
                for path in paths:
                    read(path, starts[path]) if unit == "windows" else read(path)  # type: ignore[call-arg]
                times[way].append(time.perf_counter() - begun)
        medians = {way: statistics.median(values) for way, values in times.items()}
        for way, seconds in medians.items():
            ratio = seconds / medians["fusionkit"]
            spread = f"{count / max(times[way]):.0f} ... {count / min(times[way]):.0f}"
            print(f"{name:6} {way:10} {count / seconds:10.0f} {unit}/s  ({spread:>16})  {ratio:6.2f} x")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wfdb", type=Path, help="folder of WFDB records")
    parser.add_argument("--wav", type=Path, help="folder of sounds")
    parser.add_argument("--records", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as made:
        for kind, folder, make in (("wfdb", arguments.wfdb, make_wfdb), ("wav", arguments.wav, make_wav)):
            if folder is None:
                make(Path(made), arguments.records)
            paths = sorted((folder or Path(made)).rglob("*.hea" if kind == "wfdb" else "*.wav"))[: arguments.records]
            if kind == "wfdb":
                wholes = {"fusionkit": ours_whole, "wfdb": wfdb_whole}
                windows = {"fusionkit": ours_windows, "wfdb": wfdb_windows}
            else:
                wholes = {"fusionkit": ours_whole, "librosa": librosa_whole, "soundfile": soundfile_whole}
                windows = {"fusionkit": ours_windows, "librosa": librosa_windows, "soundfile": soundfile_windows}
            compare(kind, paths, arguments.rounds, wholes, windows)


if __name__ == "__main__":
    main()
