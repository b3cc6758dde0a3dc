"""The only importer of torchaudio.

The wheels of torchaudio link CUDA. Beside a PyTorch without CUDA, ``import torchaudio`` fails with OSError when it
loads its binary extension, although nothing that is used here needs it and torchaudio has a mode without it.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any


def load_torchaudio() -> Any:
    """Import torchaudio, without its binary extension where that cannot be loaded.

    Returns
    -------
    module
        ``torchaudio``, whose functions and transforms that are written in Python all work. Never use its ``load``,
        which needs TorchCodec.
    """
    try:
        return importlib.import_module("torchaudio")
    except OSError:
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchaudio"]:
            del sys.modules[name]
        sys.modules["torchaudio._extension"] = _without_extension()
        return importlib.import_module("torchaudio")


def _without_extension() -> ModuleType:
    module = ModuleType("torchaudio._extension")
    module.__dict__.update(
        _IS_TORCHAUDIO_EXT_AVAILABLE=False, _IS_ALIGN_AVAILABLE=False, fail_if_no_align=lambda function: function
    )
    return module
