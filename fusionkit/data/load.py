"""From a data spec to a checked manifest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fusionkit.data.manifest import check_manifest
from fusionkit.data.settings import DataSettings
from fusionkit.data.spec import parse_spec
from fusionkit.errors import DataError, PluginError
from fusionkit.registry import Registry

if TYPE_CHECKING:
    import pandas as pd


def load_manifest(
    settings: DataSettings, registry: Registry, options: Mapping[str, object] | None = None
) -> pd.DataFrame:
    """Call the adapter that the settings name and check the manifest that it returns.

    Parameters
    ----------
    settings : DataSettings
        Of these, the spec and the label column.
    registry : Registry
        Where the adapter is looked up.
    options : mapping, optional
        Options of the adapter.

    Raises
    ------
    UsageError
        If there is no such adapter, or it has no such option.
    DataError
        If the data cannot be read or the manifest is faulty.
    PluginError
        If the adapter does not return a table.
    """
    name, path = parse_spec(settings.spec)
    adapter = registry.get("dataset", name)
    try:
        frame = adapter.create(path, options=options)
    except OSError as error:
        raise DataError(f"data {settings.spec!r} cannot be read: {error}") from error
    if not hasattr(frame, "columns"):
        raise PluginError(f"{adapter} of {adapter.provider} returned {type(frame).__name__}; expected a DataFrame")
    return check_manifest(frame, settings.spec, settings.label_column)
