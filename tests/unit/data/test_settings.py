import subprocess
import sys

import pytest

from fusionkit.data.settings import DataSettings
from fusionkit.data.split_settings import SplitSettings
from fusionkit.errors import UsageError
from fusionkit.options import option_specs


@pytest.mark.parametrize("settings", [DataSettings, SplitSettings])
def test_every_field_is_an_option_with_a_valid_default(settings):
    specs = option_specs(settings, settings.__name__)
    assert set(specs) == set(settings.__dataclass_fields__)
    for spec in specs.values():
        assert spec.validate(spec.default, "default") == spec.default


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"window": "hop"}, "needs the length of a window"),
        ({"window": "whole", "duration": 2.0}, "as long as the longest recording, but duration is 2 s"),
        ({"hop": 1.0}, "hop is 1 s, but window is 'first'"),
    ],
)
def test_combinations_that_contradict_each_other_are_refused(values, message):
    with pytest.raises(UsageError, match=message):
        DataSettings(**values)


def test_settings_and_adapters_import_no_array_library():
    code = (
        "import sys, fusionkit.data.settings, fusionkit.datasets.folder, fusionkit.datasets.manifest_csv, "
        "fusionkit.datasets.physionet2016\n"
        "print(sorted({'torch', 'numpy', 'pandas', 'soundfile'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
