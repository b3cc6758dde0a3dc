"""The only importer of timm: it says why the library cannot be used, and how to get it.

timm imports torchvision, whose usual wheels link CUDA. Beside a PyTorch without CUDA, ``import torchvision`` fails with
RuntimeError, since it describes to PyTorch the operators of a binary extension that could not be loaded, although
nothing that is used here needs them.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import sys
from types import ModuleType
from typing import Any, TypeVar

from fusionkit.errors import PluginError
from fusionkit.interfaces import Encoder

_REMEDY = "pip install timm"
_DESCRIPTIONS = "torchvision._meta_registrations"
_Class = TypeVar("_Class", bound=type[Encoder])


def load_timm(owner: str) -> Any:
    """Import timm, with torchvision left without its binary extension where that cannot be loaded.

    Parameters
    ----------
    owner : str
        How an error names the encoder.

    Returns
    -------
    module
        ``timm``.

    Raises
    ------
    PluginError
        If it, or what it imports, is missing or broken.
    """
    try:
        with contextlib.redirect_stdout(sys.stderr):
            _import_torchvision()
            return importlib.import_module("timm")
    except Exception as error:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise PluginError(
            f"{owner} is unavailable, since timm cannot be imported ({reason}); "
            f"{_REMEDY}, with a torchvision that fits the installed torch"
        ) from error


def missing_libraries() -> list[str]:
    """Return what is not installed that the encoders need; nothing is imported to find out."""
    return [name for name in ("timm", "torchvision") if importlib.util.find_spec(name) is None]


def says_if_unavailable(encoder: _Class) -> _Class:
    """Add to the summary of an encoder what is not installed that it needs; nothing is imported to find out."""
    missing = missing_libraries()
    if missing:
        first, _, rest = (encoder.__doc__ or "").partition("\n")
        reason = f"unavailable here: {' and '.join(missing)} not installed, {_REMEDY}"
        encoder.__doc__ = f"{first.removesuffix('.')} ({reason}).\n{rest}"
    return encoder


def _import_torchvision() -> None:
    try:
        importlib.import_module("torchvision")
    except RuntimeError as error:
        if "does not exist" not in str(error):
            raise
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        sys.modules[_DESCRIPTIONS] = ModuleType(_DESCRIPTIONS)
        importlib.import_module("torchvision")
