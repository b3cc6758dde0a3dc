"""Change valid signal files at random and watch what the readers make of them.

    python -m tests.fuzz.fuzz_readers --wav 10000 --hea 5000 --atr 5000 --edf 2000 --mat 2000 --seed 0

A changed file is either refused with a DataError of one line, or read whole: as many samples as its header declares.
Anything else is a find: it is printed, and the file is kept in the folder ``--keep``.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import struct
import sys
import tempfile
import time
import traceback
import wave
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import scipy.io

from fusionkit.data.readers import read_header, read_samples, verify_recording
from fusionkit.data.signal_header import Declared
from fusionkit.data.wfdb_annotations import read_annotations
from fusionkit.errors import DataError

SECONDS = 5.0
MEMORY = 1 << 30
DECLARED = Declared(sample_rate=None)
EXTREMES = (0, 1, 2**15, 2**31 - 1, 2**32 - 1, 2**63 - 1)
NUMBERS = (b"0", b"-1", b"1", b"2", b"32768", b"65536", b"2147483648", b"99999999999", b"9" * 40, b"1e308", b"nan", b"")


def write_wav(path: Path) -> None:
    """Write 200 samples of 2 channels, 16 bits."""
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, 2000, 0, "NONE", ""))
        file.writeframes(np.random.default_rng(0).integers(-999, 999, 400, dtype="<i2").tobytes())


def write_hea(path: Path) -> None:
    """Write 200 samples of 2 signals in format 212, and of 1 in format 16."""
    rng = np.random.default_rng(0)
    path.with_suffix(".dat").write_bytes(rng.bytes(600))
    path.with_suffix(".d16").write_bytes(rng.bytes(400))
    name = path.stem
    path.write_text(
        f"{name} 3 360/360 200 12:00:00 1/2/2003\n{name}.dat 212 200(1024)/mV 11 1024 995 -22131 0 MLII\n"
        f"{name}.dat 212 200 11 1024 1011 20052 0 V5\n{name}.d16 16+0 1.5e+02/uV 16 0 3 17 0 V1\n# 69 M\n"
    )


def write_atr(path: Path) -> None:
    """Write beats with every kind of attribute."""
    words = [28 << 10 | 18, 63 << 10 | 3, 0x4E28, 0, 1 << 10 | 59, 5 << 10 | 900, 60 << 10 | 2, 61 << 10 | 1]
    words += [62 << 10 | 1, 59 << 10, 2, 40000, 12 << 10 | 7, 22 << 10 | 5, 63 << 10 | 4, 0x6968, 0x6F68] * 3
    path.write_bytes(struct.pack(f"<{len(words) + 1}H", *words, 0))


def write_edf(path: Path) -> None:
    """Write 4 data records of 2 channels of 50 samples, and annotations."""
    labels, counts = ("EEG Fpz", "EEG Pz", "EDF Annotations"), (50, 50, 8)
    columns: tuple[tuple[int, tuple[object, ...]], ...] = (
        (16, labels),
        (80, ("AgAgCl", "", "")),
        (8, ("uV", "mV", "")),
        (8, (-200, -1.5, -1)),
        (8, (200, 1.5, 1)),
        (8, (-32768, -2048, -32768)),
        (8, (32767, 2047, 32767)),
        (80, ("HP:0.1Hz", "", "")),
        (8, counts),
        (32, ("", "", "")),
    )
    fixed = f"{0:<8}{'X X X X':<80}{'Startdate X X X X':<80}01.01.0101.01.01{1024:<8}{'EDF+C':<44}{4:<8}{0.5:<8}{3:<4}"
    signals = "".join(f"{value:<{width}}" for width, values in columns for value in values)
    samples = np.random.default_rng(0).integers(-2048, 2047, 4 * sum(counts), dtype="<i2")
    path.write_bytes((fixed + signals).encode() + samples.tobytes())


def write_mat(path: Path) -> None:
    """Write a signal, its rate, and things beside it."""
    signal = np.random.default_rng(0).normal(size=(2, 100))
    content = {"sig": signal, "fs": 250.0, "note": "some text", "more": {"list": [1, 2]}, "cell": np.array(["a", "b"])}
    scipy.io.savemat(path, content, do_compression=path.stem.endswith("1"))


def write_npy(path: Path) -> None:
    """Write an array."""
    np.save(path, np.random.default_rng(0).normal(size=(2, 100)).astype(np.float32))


def write_npz(path: Path) -> None:
    """Write an archive of an array and its rate."""
    np.savez_compressed(path, x=np.random.default_rng(0).integers(0, 9, (2, 100)), fs=250.0)


def write_csv(path: Path) -> None:
    """Write a table."""
    rows = np.random.default_rng(0).normal(size=(20, 2))
    path.write_text("I,II\n" + "".join(f"{first:.4f},{second:.4f}\n" for first, second in rows))


WRITERS: dict[str, Callable[[Path], None]] = {
    "wav": write_wav,
    "hea": write_hea,
    "atr": write_atr,
    "edf": write_edf,
    "mat": write_mat,
    "npy": write_npy,
    "npz": write_npz,
    "csv": write_csv,
}
HEADERS = {"wav": 44, "edf": 1024, "npy": 128, "mat": 400}


def change(content: bytes, kind: str, rng: np.random.Generator) -> bytes:
    """Return a file with one to four changes; those of a header are more frequent than those of samples."""
    changed = bytearray(content)
    for _ in range(rng.integers(1, 5)):
        end = max(1, min(len(changed), HEADERS.get(kind, len(changed)) if rng.random() < 0.8 else len(changed)))
        place = int(rng.integers(0, end))
        match rng.integers(0, 8):
            case 0 | 1 if changed:
                changed[place % len(changed)] ^= 1 << rng.integers(0, 8)
            case 2 if changed:
                changed[place % len(changed)] = rng.integers(0, 256)
            case 3:
                width = int(rng.choice([1, 2, 4, 8]))
                value = EXTREMES[rng.integers(0, len(EXTREMES))] % 2 ** (8 * width)
                changed[place : place + width] = value.to_bytes(width, "little")
            case 4:
                del changed[int(rng.integers(0, len(changed) + 1)) :]
            case 5:
                changed[place:place] = rng.bytes(int(rng.integers(1, 9)))
            case 6:
                start = int(rng.integers(0, len(changed) + 1))
                changed[place:place] = changed[start : start + int(rng.integers(1, 40))]
            case _:
                _change_number(changed, kind, rng)
    return bytes(changed)


def _change_number(changed: bytearray, kind: str, rng: np.random.Generator) -> None:
    """Put another number in place of one that is written in digits; EDF keeps its columns."""
    end = HEADERS.get(kind, len(changed))
    digits = [place for place in range(min(end, len(changed))) if 48 <= changed[place] <= 57]
    if not digits:
        return
    start = stop = int(rng.choice(digits))
    while stop < len(changed) and 48 <= changed[stop] <= 57:
        stop += 1
    number = NUMBERS[rng.integers(0, len(NUMBERS))]
    if kind == "edf":
        number, stop = number[:8].ljust(8), start + 8
    changed[start:stop] = number


def declared_samples(path: Path) -> int | None:
    """Return the samples that a header declares, by a reading of its own; None where it is not written there."""
    content = path.read_bytes()
    if path.suffix == ".hea":
        lines = [line for line in content.decode("utf-8", "replace").splitlines() if line.strip()[:1] not in ("", "#")]
        return int(lines[0].split()[3])
    if path.suffix == ".edf":
        signals = int(float(content[252:256].strip(b" \0")))
        counts = [
            int(float(content[256 + 216 * signals + 8 * signal :][:8].strip(b" \0"))) for signal in range(signals)
        ]
        labels = [content[256 + 16 * signal :][:16].strip() for signal in range(signals)]
        records = int(float(content[236:244].strip(b" \0")))
        kept = [count for count, label in zip(counts, labels, strict=True) if label != b"EDF Annotations"]
        return None if records < 0 else records * kept[0]
    if path.suffix == ".wav":
        order, place, frame = ">" if content[:4] == b"RIFX" else "<", 12, 0
        while place + 8 <= len(content):
            name, size = struct.unpack(f"{order}4sI", content[place : place + 8])
            if name == b"fmt ":
                tag, frame = struct.unpack(f"{order}H10xH", content[place + 8 : place + 22])
                if tag not in (1, 3, 0xFFFE):
                    return None
            if name == b"data" and frame:
                return int(size // frame)
            place += 8 + size + size % 2
    return None


def look(path: Path) -> str:
    """Read a file whole: ``refused`` or ``read``; anything else is raised."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the most so far is what it is now
    begun, before = time.monotonic(), _memory("VmRSS")
    try:
        if path.suffix == ".atr":
            found = read_annotations(path)
            assert len(found.samples) == len(found.symbols) == len(found.notes)
            return "read"
        declared = DECLARED if path.suffix not in (".npy", ".csv") else Declared(250.0)
        header = read_header(path, declared)
        samples = read_samples(path, 0, header.samples, declared)
        verify_recording(path)
        assert samples.shape == (header.channels, header.samples), f"{samples.shape} of {header}"
        assert len(header.channel_names) == len(set(header.channel_names)) == header.channels
        expected = declared_samples(path)
        assert expected in (None, header.samples), f"declared {expected}, read {header.samples}"
        return "read"
    except DataError as error:
        assert str(error).startswith(str(path)), error  # noqa: PT017
        assert str(error).isprintable(), repr(error)  # noqa: PT017
        return "refused"
    finally:
        took = time.monotonic() - begun
        assert took < SECONDS + 1, f"took {took:.1f} s"
        grown = _memory("VmHWM") - before
        assert grown < MEMORY, f"took {grown >> 20} MiB"


def _memory(field: str) -> int:
    """Return a line of the memory of this process, in bytes: VmRSS is what it has, VmHWM the most that it had."""
    text = Path("/proc/self/status").read_text(encoding="ascii")
    return int(text.split(f"{field}:")[1].split()[0]) * 1024


@dataclass
class Outcome:
    """What became of the changed files of a kind."""

    counts: Counter[str] = field(default_factory=Counter)
    finds: list[str] = field(default_factory=list)


def fuzz(kind: str, number: int, seed: int, folder: Path, keep: Path | None = None) -> Outcome:
    """Look at changed files of a kind; the folder is written to."""
    seeds = []
    for position in range(2):
        path = folder / f"r{position}.{kind}"
        WRITERS[kind](path)
        assert look(path) == "read"
        seeds.append((path, path.read_bytes()))
    outcome = Outcome()
    for turn in range(number):
        path, content = seeds[turn % len(seeds)]
        path.write_bytes(change(content, kind, np.random.default_rng([seed, turn])))
        try:
            outcome.counts[look(path)] += 1
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            outcome.counts["find"] += 1
            outcome.finds.append(f"{kind} {turn}: {''.join(traceback.format_exception_only(error)).strip()}")
            if keep:
                keep.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, keep / f"{seed}-{turn}.{kind}")
    return outcome


def main() -> int:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for kind in WRITERS:
        parser.add_argument(f"--{kind}", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path("finds"))
    arguments = parser.parse_args()
    found = 0
    for kind in WRITERS:
        number = getattr(arguments, kind)
        if not number:
            continue
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(sys.stdout):
            begun = time.monotonic()
            outcome = fuzz(kind, number, arguments.seed, Path(folder), arguments.keep)
        print(f"{kind}: {dict(outcome.counts)} in {time.monotonic() - begun:.0f} s")  # noqa: T201
        for line in outcome.finds[:20]:
            print(f"  {line}")  # noqa: T201
        found += len(outcome.finds)
    return min(found, 1)


if __name__ == "__main__":
    sys.exit(main())
