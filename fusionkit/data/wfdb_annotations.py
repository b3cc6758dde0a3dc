"""Read annotations of a WFDB record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from fusionkit.errors import DataError

_LONGEST = 1 << 28
_SKIP, _NUM, _CHN, _AUX = 59, 60, 62, 63
_LAST_CODE = 49
_SYMBOLS: Mapping[int, str] = MappingProxyType(
    dict(enumerate(" NLRaVFJASEj/Q~"))
    | dict(zip((16, 18, 19, 20, 21, 22, 23), '|sT*D"=', strict=True))
    | dict(enumerate("pB^t+u?![]en@xf()r", start=24))
)


@dataclass(frozen=True)
class Annotations:
    """Annotations of a record, in the order of the file.

    Parameters
    ----------
    samples : ndarray of int64
        Sample that an annotation belongs to.
    symbols : ndarray of str
        Its WFDB mnemonic, for example ``N``, ``V``, ``/`` or ``+``; ``[42]`` for a code that has none.
    notes : tuple of str
        The text that comes with it, for example ``(AFIB``; empty where there is none.
    """

    samples: NDArray[np.int64]
    symbols: NDArray[np.str_]
    notes: tuple[str, ...]


def read_annotations(path: Path) -> Annotations:
    """Read an annotation file in the MIT format.

    Parameters
    ----------
    path : Path
        For example ``100.atr``.

    Raises
    ------
    DataError
        If the file is missing, truncated or damaged.

    References
    ----------
    The format is described in annot(5) of the WFDB Applications Guide.
    """
    try:
        if path.stat().st_size > _LONGEST:
            raise DataError(f"{path}: is no annotation file: it is longer than {_LONGEST} bytes")
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    words = np.frombuffer(content, "<u2", count=len(content) // 2).tolist()
    samples: list[int] = []
    codes: list[int] = []
    notes: list[str] = []
    time = place = 0
    while place < len(words) and words[place]:
        code, value = words[place] >> 10, words[place] & 0x3FF
        place += 1
        if code == _SKIP and place + 2 <= len(words):
            interval = words[place] << 16 | words[place + 1]
            time += interval - (interval >> 31 << 32)
            place += 2
        elif code == _AUX and samples and place + (value + 1) // 2 <= len(words):
            notes[-1] = content[2 * place : 2 * place + value].rstrip(b"\0").decode("utf-8", errors="replace")
            place += (value + 1) // 2
        elif _NUM <= code <= _CHN and samples:
            continue
        elif code <= _LAST_CODE:
            time += value
            if time < 0:
                raise DataError(f"{path}: is damaged: annotation {len(samples)} stands at sample {time}")
            samples.append(time)
            codes.append(code)
            notes.append("")
        else:
            raise DataError(f"{path}: is damaged: byte {2 * place - 2} is no annotation; get a new copy")
    if place >= len(words):
        raise DataError(f"{path}: is truncated: it has no end mark after {len(samples)} annotations; get a new copy")
    symbols = np.array([_SYMBOLS.get(code, f"[{code}]") for code in codes], dtype=np.str_)
    return Annotations(np.array(samples, dtype=np.int64), symbols, tuple(notes))
