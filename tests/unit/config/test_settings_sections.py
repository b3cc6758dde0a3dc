from __future__ import annotations

import pytest

from fusionkit.config.settings_sections import SECTIONS, setting_specs, settings_sections
from fusionkit.errors import UsageError
from fusionkit.options import option_specs


def test_no_two_sections_have_a_setting_of_one_name() -> None:
    assert len(setting_specs()) == sum(len(option_specs(cls, section)) for section, cls in SECTIONS.items())


def test_settings_go_to_their_sections() -> None:
    assert settings_sections({"lr": 1.0, "test_fraction": 0.5, "epochs": 2, "spec": "x"}) == {
        "training": {"lr": 1.0, "epochs": 2}, "split": {"test_fraction": 0.5}, "data": {"spec": "x"}
    }  # fmt: skip
    with pytest.raises(UsageError, match="there is no setting 'epoch'; did you mean 'epochs'"):
        settings_sections({"epoch": 3})
