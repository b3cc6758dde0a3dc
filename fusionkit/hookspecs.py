"""The hooks of a plugin, on one screen.

A plugin is a module or an object with any of these functions, marked with `hookimpl` and announced under the
entry-point group ``fusionkit``. Each hook is called once with a ``register`` callback, which takes a name (snake_case)
and a component. The built-in components go through the same hooks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    import pandas as pd

    from fusionkit.interfaces import Augmentation, Encoder, Fuser, Mixing, Preprocessor, Representation

PROJECT = "fusionkit"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def register_representations(register: Callable[[str, type[Representation]], None]) -> None:
    """Register `Representation` classes: ``register("mel", Mel)``."""


@hookspec
def register_encoders(register: Callable[[str, type[Encoder]], None]) -> None:
    """Register `Encoder` classes: ``register("vit", ViT)``."""


@hookspec
def register_fusers(register: Callable[[str, type[Fuser]], None]) -> None:
    """Register `Fuser` classes: ``register("concat", Concat)``."""


@hookspec
def register_preprocessors(register: Callable[[str, type[Preprocessor]], None]) -> None:
    """Register `Preprocessor` classes: ``register("bandpass", Bandpass)``."""


@hookspec
def register_augmentations(register: Callable[[str, type[Augmentation] | type[Mixing]], None]) -> None:
    """Register `Augmentation` and `Mixing` classes: ``register("gain", Gain)``."""


@hookspec
def register_datasets(register: Callable[[str, Callable[..., pd.DataFrame]], None]) -> None:
    """Register adapters, functions ``(path, /, *, options)`` that return a manifest: ``register("mitbih", mitbih)``.

    A manifest is a DataFrame with the columns that `fusionkit.data.manifest.check_manifest` names. Its ``attrs`` may
    hold ``classes``, a tuple with the classes in the order of the outputs; ``multilabel``, True where a label is
    several classes with semicolons between them; ``cautions``, a tuple of sentences that every reader of the results
    must know; and ``leaks``, a tuple of sentences on persons whom no split of this data set can keep apart, since it
    names none.
    """


@hookspec
def register_presets(register: Callable[[str, Mapping[str, Any]], None]) -> None:
    """Register presets, mappings in the form of a configuration file: ``register("audiofuse", {...})``."""
