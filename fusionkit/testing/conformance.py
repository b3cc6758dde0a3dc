"""A pytest decorator that checks all components of a plugin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from fusionkit.errors import FusionkitError
from fusionkit.plugins import register_plugin
from fusionkit.registry import Component, Provider, Registry
from fusionkit.testing.augmentation_rules import check_augmentation
from fusionkit.testing.encoder_rules import check_encoder
from fusionkit.testing.fuser_rules import check_fuser
from fusionkit.testing.preprocessor_rules import check_preprocessor
from fusionkit.testing.representation_rules import check_representation
from fusionkit.testing.subject import ConformanceError

if TYPE_CHECKING:
    import pytest

_CHECKS: dict[str, Callable[..., None]] = {
    "preprocessor": check_preprocessor,
    "augmentation": check_augmentation,
    "representation": check_representation,
    "encoder": check_encoder,
    "fuser": check_fuser,
}


def conformance(source: Registry | object, /, **options: Mapping[str, object]) -> pytest.MarkDecorator:
    """Run a test once for each component but data sets and presets; it takes an argument ``check`` and calls it.

    Parameters
    ----------
    source : Registry, module or object
        A registry, or what has the hooks of a plugin.
    **options : mapping
        Options by component name, for example ``vit={"depth": 1}`` to be quick; otherwise the defaults are checked.

    Returns
    -------
    pytest.MarkDecorator
        ``check`` raises ConformanceError for a component that breaks a rule.

    Raises
    ------
    ConformanceError
        If the plugin cannot be registered, or ``options`` names something it does not register.
    """
    import pytest

    registry = source if isinstance(source, Registry) else _registered(source)
    components = [component for component in registry if component.kind in _CHECKS]
    unknown = sorted(options.keys() - {component.name for component in components})
    if unknown:
        raise ConformanceError(f"options for {', '.join(unknown)}, which is not registered")

    def parameter(component: Component) -> Any:
        check = partial(_CHECKS[component.kind], component.target, **options.get(component.name, {}))
        return pytest.param(check, id=f"{component.kind}-{component.name}")

    return pytest.mark.parametrize("check", [parameter(component) for component in components])


def _registered(plugin: object) -> Registry:
    registry = Registry()
    try:
        register_plugin(registry, plugin, Provider(getattr(plugin, "__name__", type(plugin).__name__), "under test"))
    except (FusionkitError, ValueError) as error:
        raise ConformanceError(f"the plugin cannot be registered: {error}") from error
    return registry
