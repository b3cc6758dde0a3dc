"""Presets and their variants: ``audiofuse``, ``audiofuse@published``."""

from __future__ import annotations

from typing import Any

from fusionkit.config.layers import overlay
from fusionkit.errors import UsageError, did_you_mean
from fusionkit.registry import Registry


def preset_tables(registry: Registry, name: str) -> dict[str, Any]:
    """Return a preset in the form of a configuration file, with ``repeats`` (runs that its recipe asks for) in it.

    Parameters
    ----------
    registry : Registry
        The installed components.
    name : str
        ``NAME`` or ``NAME@VARIANT``.

    Raises
    ------
    UsageError
        If there is no such preset or variant.
    """
    plain, at, variant = name.partition("@")
    preset = dict(registry.get("preset", plain).target)
    variants = preset.pop("variants", {})
    preset.pop("description", None)
    if not at:
        return preset
    if variant not in variants:
        raise UsageError(f"preset {plain!r} has no variant {variant!r}; {did_you_mean(variant, variants)}")
    changes = {key: value for key, value in variants[variant].items() if key != "description"}
    return overlay(preset, changes)
