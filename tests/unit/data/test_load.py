import pandas as pd
import pytest

from fusionkit.data.load import load_manifest
from fusionkit.data.settings import DataSettings
from fusionkit.datasets.manifest_csv import manifest_csv
from fusionkit.errors import DataError, UsageError
from fusionkit.registry import Provider, Registry


def broken(path, /) -> pd.DataFrame:
    """Fail as a folder without permission does."""
    raise PermissionError(13, "Permission denied", str(path))


@pytest.fixture
def registry():
    registry = Registry()
    registry.register("dataset", "manifest", manifest_csv, Provider("test", "1"))
    registry.register("dataset", "broken", broken, Provider("test", "1"))
    return registry


def test_label_column_is_what_is_predicted(registry, tmp_path):
    (tmp_path / "a.wav").touch()
    (tmp_path / "all.csv").write_text("path,label,diagnosis\na.wav,abnormal,stenosis\n")
    settings = DataSettings(spec=str(tmp_path / "all.csv"), label_column="diagnosis")
    assert load_manifest(settings, registry)["label"].tolist() == ["stenosis"]


def test_an_unknown_adapter_and_an_unknown_option_are_named(registry):
    with pytest.raises(UsageError, match="no dataset 'manifst'; did you mean 'manifest'"):
        load_manifest(DataSettings(spec="manifst"), registry)
    with pytest.raises(UsageError, match="no option 'depth'"):
        load_manifest(DataSettings(spec="x.csv"), registry, {"depth": 1})


def test_an_operating_system_error_is_a_data_error(registry):
    with pytest.raises(DataError, match=r"broken:/x' cannot be read: .*Permission denied"):
        load_manifest(DataSettings(spec="broken:/x"), registry)
