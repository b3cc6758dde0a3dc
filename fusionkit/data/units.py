"""Units of physical samples; voltages become mV."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from fusionkit.data.signal_header import FULL_SCALE

_MILLIVOLTS: Mapping[str, float] = MappingProxyType(
    {"nv": 1e-6, "uv": 1e-3, "µv": 1e-3, "μv": 1e-3, "mv": 1.0, "v": 1e3}
)
_OTHERS = frozenset(
    ["%", "NU", "a.u.", "adu", "dB", "deg", "rad", "K", "degC", "degF", "s", "ms", "us", "Hz", "kHz", "bpm", "1/min"]
    + ["g", "Pa", "kPa", "mmHg", "cmH2O", "Ohm", "kOhm", "A", "mA", "uA", "nA", "S", "uS", "m/s", "cm/s", "mm/s"]
    + [f"{volume}{time}" for volume in ("L", "l", "mL", "ml") for time in ("", "/s", "/min")]
)


def read_as(unit: str) -> tuple[str, float]:
    """Return the unit in which samples are read, and the factor that leads there.

    Voltages from nV to V are read in mV, anything else as it is.
    """
    factor = _MILLIVOLTS.get(unit.lower()) if unit != "MV" else None
    return (unit, 1.0) if factor is None else ("mV", factor)


def is_known(unit: str) -> bool:
    """Return whether it is clear what a unit means."""
    return unit == FULL_SCALE or read_as(unit)[0] == "mV" or unit in _OTHERS


def conversion_note(channel: str, unit: str) -> str | None:
    """Return the line that tells of a conversion; None where there was none."""
    target = read_as(unit)[0]
    return None if target == unit else f"channel {channel}: {unit} converted to {target}"


def unique_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names, with ``#1``, ``#2``, ... where one comes several times; a nameless channel is its position."""
    plain = [name or str(position) for position, name in enumerate(names)]
    seen: Counter[str] = Counter()
    unique = []
    for name in plain:
        seen[name] += 1
        numbered = f"{name}#{seen[name]}" if plain.count(name) > 1 else name
        unique.append(f"{numbered}'" if numbered in unique else numbered)
    return tuple(unique)
