"""The settings of all sections under one name each, as flags and library calls give them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fusionkit.data.settings import DataSettings
from fusionkit.data.split_settings import SplitSettings
from fusionkit.errors import UsageError, did_you_mean
from fusionkit.evaluation.settings import EvaluationSettings
from fusionkit.options import OptionSpec, option_specs
from fusionkit.training.settings import TrainingSettings

SECTIONS: dict[str, type] = {
    "data": DataSettings,
    "split": SplitSettings,
    "training": TrainingSettings,
    "evaluation": EvaluationSettings,
}


def setting_specs() -> dict[str, tuple[str, OptionSpec]]:
    """Return section and option of every setting, by its name."""
    return {
        name: (section, spec) for section, cls in SECTIONS.items() for name, spec in option_specs(cls, section).items()
    }


def settings_sections(values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return settings by section.

    Raises
    ------
    UsageError
        If a name is unknown.
    """
    specs = setting_specs()
    sections: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        if name not in specs:
            raise UsageError(f"there is no setting {name!r}; {did_you_mean(name, specs)}")
        sections.setdefault(specs[name][0], {})[name] = value
    return sections
