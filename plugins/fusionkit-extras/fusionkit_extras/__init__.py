"""A plugin for fusionkit: a gammatone representation, the encoder InceptionTime, gated fusion."""

from __future__ import annotations

from collections.abc import Callable

from fusionkit.hookspecs import hookimpl
from fusionkit.interfaces import Encoder, Fuser, Representation


@hookimpl
def register_representations(register: Callable[[str, type[Representation]], None]) -> None:
    """Register the representation ``gammatone``."""
    from fusionkit_extras.gammatone import Gammatone

    register("gammatone", Gammatone)


@hookimpl
def register_encoders(register: Callable[[str, type[Encoder]], None]) -> None:
    """Register the encoder ``inception_time``."""
    from fusionkit_extras.inception_time import InceptionTime

    register("inception_time", InceptionTime)


@hookimpl
def register_fusers(register: Callable[[str, type[Fuser]], None]) -> None:
    """Register the fuser ``gated``."""
    from fusionkit_extras.gated import Gated

    register("gated", Gated)
