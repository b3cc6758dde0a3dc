"""How much memory windows of a 24-hour recording cost.

    python -m benchmarks.memory_24h [--windows 500]

A WFDB record of 2 leads at 360 Hz and a sound at 2 kHz are written; a fresh process reads windows of 10 s all over
them, and the record's checksums. Exits with 1 if its memory ever was 500 MB or more.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import wave
from pathlib import Path

import numpy as np

from fusionkit.data.readers import read_header, read_samples, verify_recording

HOURS = 24
LIMIT_MB = 500


def write_record(folder: Path) -> Path:
    """Write a record of an hour, again and again."""
    hour = np.random.default_rng(0).integers(0, 256, 360 * 3600 * 3, dtype=np.uint8)
    with (folder / "day.dat").open("wb") as file:
        for _ in range(HOURS):
            file.write(hour.tobytes())
    line = "day.dat 212 200/mV 12 0 0"
    (folder / "day.hea").write_text(f"day 2 360 {HOURS * 3600 * 360}\n{line}\n{line}\n")
    return folder / "day.hea"


def write_sound(folder: Path) -> Path:
    """Write a sound of an hour, again and again."""
    hour = np.random.default_rng(0).integers(-999, 999, 2000 * 3600, dtype="<i2")
    with wave.open(str(folder / "day.wav"), "wb") as file:
        file.setparams((1, 2, 2000, 0, "NONE", ""))
        for _ in range(HOURS):
            file.writeframes(hour.tobytes())
    return folder / "day.wav"


def read(path: Path, windows: int) -> None:
    """Read windows all over a recording and print the highest memory of this process (MB)."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    header = read_header(path)
    length = round(10 * header.sample_rate)
    for start in np.linspace(0, header.samples - length, windows).astype(int).tolist():
        read_samples(path, start, start + length)
    verify_recording(path)
    print(f"{before:.0f} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f}")


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--windows", type=int, default=500)
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.read:
        read(arguments.read, arguments.windows)
        return 0
    highest = 0
    with tempfile.TemporaryDirectory() as folder:
        for path in (write_record(Path(folder)), write_sound(Path(folder))):
            command = [sys.executable, "-m", "benchmarks.memory_24h", "--read", str(path)]
            command += ["--windows", str(arguments.windows)]
            before, after = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
            print(f"{path.name}: {arguments.windows} windows, {before} MB after the imports, {after} MB at most")
            highest = max(highest, int(after))
    return int(highest >= LIMIT_MB)


if __name__ == "__main__":
    sys.exit(main())
