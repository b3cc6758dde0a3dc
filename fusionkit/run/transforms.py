"""The preprocessors and augmentations of a configuration, assembled by name."""

from __future__ import annotations

import json

from fusionkit.config.run_config import RunConfig
from fusionkit.data.preprocessing import Preprocessing
from fusionkit.errors import UsageError
from fusionkit.interfaces import CHANNEL_FREQ_TIME, Augmentation, Mixing
from fusionkit.registry import Registry
from fusionkit.run.component_key import component_key


def make_preprocessing(config: RunConfig, registry: Registry, sample_rate: float) -> Preprocessing:
    """Return the preprocessors of a configuration for signals of a sample rate (Hz), in order."""
    steps = [
        (step.name, registry.get("preprocessor", step.name).create(sample_rate, options=step.options))
        for step in config.preprocessors
    ]
    keys = [component_key(registry, "preprocessor", step.name, step.options) for step in config.preprocessors]
    return Preprocessing(steps, json.dumps([sample_rate, keys]))


def make_augmentations(
    config: RunConfig, registry: Registry, sample_rate: float
) -> list[tuple[str, Augmentation | Mixing]]:
    """Return name and component of the augmentations of a configuration, in order.

    Raises
    ------
    UsageError
        If one changes views with a frequency axis and the run has none, or an option is not accepted.
    """
    axes = [registry.get("representation", branch.representation).target.axes for branch in config.branches]
    made: list[tuple[str, Augmentation | Mixing]] = []
    for step in config.augmentations:
        component = registry.get("augmentation", step.name)
        if getattr(component.target, "level", "") == "view" and CHANNEL_FREQ_TIME not in axes:
            names = ", ".join(branch.representation for branch in config.branches)
            raise UsageError(
                f"{component} changes views with a frequency axis, but none of {names} has one; leave it out"
            )
        negotiated = () if issubclass(component.target, Mixing) else (sample_rate,)
        made.append((component.name, component.create(*negotiated, options=step.options)))
    return made
