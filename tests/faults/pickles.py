"""Files that run code when they are unpickled."""

from __future__ import annotations

import io
import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch


class Touch:
    """Makes a file when it is unpickled."""

    def __init__(self, canary: Path) -> None:
        self._canary = str(canary)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str, ...]]:
        return os.mkdir, (self._canary,)


def payloads(canary: Path) -> dict[str, bytes]:
    """Return what runs code when it is unpickled."""
    plain = pickle.dumps(Touch(canary))
    whole = io.BytesIO()
    torch.save(Touch(canary), whole)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("archive/data.pkl", plain)
        file.writestr("archive/version", "3\n")
    importing = b"\x80\x04\x8c\x0dcanary_module\x8c\x03run\x93)R."
    # SETITEM and BUILD on what is not a mapping: opcodes that broke restricted unpicklers.
    odd = b"\x80\x02}K\x01K\x02scollections\nOrderedDict\n)R}(X\x05\x00\x00\x00stateK\x01ub."
    header = struct.pack("<Q", len(plain)) + plain
    return {"pickle": plain, "torch": whole.getvalue(), "zip": archive.getvalue(), "import": importing, "odd": odd} | {
        "header": header,
        "protocol 0": pickle.dumps(Touch(canary), 0),
    }
