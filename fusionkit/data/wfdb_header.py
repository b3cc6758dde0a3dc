"""Read the header of a WFDB record."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

from fusionkit.errors import DataError

_LONGEST = 1 << 20
_FASTEST = 1e7
_DEFAULT_GAIN = 200.0

_NUMBER = r"[-+]?(?:\d{1,18}\.?\d{0,18}|\.\d{1,18})(?:[eE][-+]?\d{1,3})?"
_INTEGER = re.compile(r"[-+]?\d{1,10}")
_RECORD = re.compile(
    rf"(?P<record>\S+?)(?:/(?P<segments>\d+))?\s+(?P<signals>\d{{1,5}})"
    rf"(?:\s+(?P<rate>{_NUMBER})(?:/\S*)?(?:\s+(?P<samples>\d{{1,18}})(?:\s.*)?)?)?"
)
_SIGNAL = re.compile(
    r"(?P<file>\S+)\s+(?P<format>\d{1,5})(?:x(?P<frame>\d{1,5}))?(?::(?P<skew>\d{1,9}))?(?:\+(?P<offset>\d{1,12}))?"
    r"(?:\s+(?P<rest>\S.*))?"
)
_GAIN = re.compile(rf"(?P<gain>{_NUMBER})(?:\((?P<baseline>[-+]?\d{{1,10}})\))?(?:/(?P<units>\S+))?")


@dataclass(frozen=True)
class WfdbSignal:
    """A signal line of a header.

    Parameters
    ----------
    file : str
        Name of the file that holds the samples, in the folder of the header.
    format, byte_offset, skew : int
        How samples are stored, where the first one is, and by how many samples this signal comes late.
    gain : float
        ADC units a physical unit.
    baseline : int
        ADC value of physical 0.
    units : str
        Physical unit.
    adc_resolution, adc_zero, initial_value, checksum : int or None
        None where the line ends before. The checksum is the sum of all samples modulo 65536.
    name : str
        What the line calls the signal; may be empty.
    gain_assumed : bool
        Whether the gain is missing or 0, which stands for 200 ADC units a physical unit.
    """

    file: str
    format: int
    byte_offset: int
    skew: int
    gain: float
    baseline: int
    units: str
    adc_resolution: int | None
    adc_zero: int | None
    initial_value: int | None
    checksum: int | None
    name: str
    gain_assumed: bool


@dataclass(frozen=True)
class WfdbHeader:
    """The header of a record.

    Parameters
    ----------
    record : str
        Its name.
    sample_rate : float
        In Hz.
    samples : int
        Samples a signal.
    signals : tuple of WfdbSignal
        In the order of the file.
    comments : tuple of str
        Lines that start with ``#``, without it.
    """

    record: str
    sample_rate: float
    samples: int
    signals: tuple[WfdbSignal, ...]
    comments: tuple[str, ...]


def read_wfdb_header(path: Path) -> WfdbHeader:
    """Read a header file; the samples are not looked at.

    Parameters
    ----------
    path : Path
        The ``.hea`` file.

    Raises
    ------
    DataError
        If the file is missing or not understood, names files outside of its folder, or is of a kind that is not
        read: several segments, several samples a frame, skewed signals.

    References
    ----------
    Goldberger et al. (2000), PhysioBank, PhysioToolkit, and PhysioNet, Circulation 101(23),
    doi:10.1161/01.CIR.101.23.e215; the format is described in header(5) of the WFDB Applications Guide.
    """
    try:
        if path.stat().st_size > _LONGEST:
            raise DataError(f"{path}: is no WFDB header: it is longer than {_LONGEST} bytes")
        text = path.read_bytes().decode("utf-8", errors="replace")
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    lines = [line.strip() for line in text.splitlines()]
    comments = tuple(line.lstrip("#").strip() for line in lines if line.startswith("#"))
    lines = [line for line in lines if line and not line.startswith("#")]
    found = _RECORD.fullmatch(lines[0]) if lines else None
    if found is None:
        raise DataError(f"{path}: is no WFDB header: expected a first line 'RECORD SIGNALS RATE SAMPLES'")
    if found["segments"]:
        raise DataError(f"{path}: is a record of several segments, which are not read; give the segments one by one")
    if found["rate"] is None or found["samples"] is None:
        raise DataError(f"{path}: does not state its sample rate and number of samples; add both to its first line")
    rate = float(found["rate"])
    if not 0 < rate <= _FASTEST:
        raise DataError(f"{path}: has a sample rate of {rate:g} Hz; expected more than 0, at most {_FASTEST:g}")
    if len(lines) - 1 != int(found["signals"]) or len(lines) < 2:
        raise DataError(f"{path}: declares {int(found['signals'])} signals, but describes {len(lines) - 1}")
    signals = tuple(_signal(path, line, number) for number, line in enumerate(lines[1:]))
    return WfdbHeader(found["record"], rate, int(found["samples"]), signals, comments)


def _signal(path: Path, line: str, number: int) -> WfdbSignal:
    where = f"{path}: signal {number}"
    found = _SIGNAL.fullmatch(line)
    if found is None:
        raise DataError(f"{where} is not understood: {line[:80]!r}; expected 'FILE FORMAT GAIN ...'")
    file = found["file"]
    if not file.isprintable() or set(file) & set("/\\:") or file in ("-", "~", ".", ".."):
        raise DataError(f"{where} is in the file {file[:80]!r}; expected a file name in the folder of the header")
    if int(found["frame"] or 1) != 1 or int(found["skew"] or 0):
        raise DataError(f"{where} has several samples a frame or a skew, which are not read; write the record anew")
    words = (found["rest"] or "").split(maxsplit=6)
    gain = _GAIN.fullmatch(words[0]) if words else None
    if words and gain is None:
        raise DataError(f"{where} has the gain {words[0][:40]!r}; expected for example 200, 200/mV or 200(1024)/mV")
    numbers: list[int | None] = [None] * 5  # resolution, zero, initial value, checksum, block size
    for place, word in enumerate(words[1:6]):
        if not _INTEGER.fullmatch(word):
            raise DataError(f"{where} is not understood: {word[:40]!r}; expected a whole number")
        numbers[place] = int(word)
    factor = float(gain["gain"]) if gain else 0.0
    if not math.isfinite(factor):
        raise DataError(f"{where} has the gain {words[0][:40]!r}; expected a finite number")
    return WfdbSignal(
        file=file,
        format=int(found["format"]),
        byte_offset=int(found["offset"] or 0),
        skew=0,
        gain=factor or _DEFAULT_GAIN,
        baseline=int(gain["baseline"]) if gain and gain["baseline"] else numbers[1] or 0,
        units=gain["units"] if gain and gain["units"] else "mV",
        adc_resolution=numbers[0],
        adc_zero=numbers[1],
        initial_value=numbers[2],
        checksum=numbers[3],
        name=words[6].strip() if len(words) > 6 else "",
        gain_assumed=not factor,
    )
