"""Every option of every built-in component, and every setting, says what it is and in which unit."""

from __future__ import annotations

import re

import pytest

from fusionkit.config.settings_sections import SECTIONS
from fusionkit.options import REQUIRED, OptionSpec, option_specs
from fusionkit.plugins import build_registry

NAMES = re.compile(r"length|rate|duration|frequency|^f_min$|^f_max$|^hop|^f0|_hz$")
NO_UNIT = re.compile(r"^(drop|dropout|learning)_?rate$|drop.*_rate$")
UNITS = re.compile(
    r"\b(s|ms|Hz|kHz|[Ss]amples?|columns?|steps?|tokens?|points?|cycles?|octaves?|probability|a minute|bins?)\b"
)


def every_option() -> list[tuple[str, OptionSpec]]:
    components = [(str(component), component.options) for component in build_registry([])[0]]
    sections = [(f"[{name}]", option_specs(cls, name)) for name, cls in SECTIONS.items()]
    return [(f"{owner} {name}", spec) for owner, specs in [*components, *sections] for name, spec in specs.items()]


@pytest.mark.parametrize(("owner", "spec"), [pytest.param(*entry, id=entry[0]) for entry in every_option()])
def test_an_option_is_described(owner: str, spec: OptionSpec) -> None:
    text = spec.option.description
    assert text == " ".join(text.split())
    assert text.endswith("."), text
    assert len(text) > 5
    if NAMES.search(spec.name) and not NO_UNIT.search(spec.name):
        assert UNITS.search(text), f"{owner}: {text!r} says no unit"
    if spec.default is not REQUIRED:
        assert spec.validate(spec.default, owner) == spec.default
