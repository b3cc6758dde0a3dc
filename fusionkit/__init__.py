"""fusionkit: any combination of representations, encoders and fusers of biomedical signals, by name.

Importing this package imports nothing heavy: every name below is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fusionkit.classifier import FusionClassifier
    from fusionkit.errors import FusionkitError
    from fusionkit.hookspecs import hookimpl
    from fusionkit.interfaces import (
        Augmentation,
        BranchSpec,
        Encoder,
        Features,
        Fuser,
        Mixing,
        Preprocessor,
        Representation,
        SignalSpec,
        Stage,
        Task,
        joint_stage,
    )
    from fusionkit.library import Fitted, build, fit
    from fusionkit.options import Option
    from fusionkit.plugins import build_registry
    from fusionkit.prediction import predict
    from fusionkit.registry import Registry

__version__ = "0.1.0"

_HOMES = {
    "FusionClassifier": "classifier",
    "FusionkitError": "errors",
    "hookimpl": "hookspecs",
    **dict.fromkeys(("BranchSpec", "Encoder", "Features", "Fuser", "Representation"), "interfaces"),
    **dict.fromkeys(("Augmentation", "Mixing", "Preprocessor"), "interfaces"),
    **dict.fromkeys(("SignalSpec", "Stage", "Task", "joint_stage"), "interfaces"),
    **dict.fromkeys(("Fitted", "build", "fit"), "library"),
    "Option": "options",
    "build_registry": "plugins",
    "predict": "prediction",
    "Registry": "registry",
}

__all__ = [
    "Augmentation",
    "BranchSpec",
    "Encoder",
    "Features",
    "Fitted",
    "Fuser",
    "FusionClassifier",
    "FusionkitError",
    "Mixing",
    "Option",
    "Preprocessor",
    "Registry",
    "Representation",
    "SignalSpec",
    "Stage",
    "Task",
    "build",
    "build_registry",
    "fit",
    "hookimpl",
    "joint_stage",
    "predict",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'fusionkit' has no attribute {name!r}")
    return getattr(importlib.import_module(f"fusionkit.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
