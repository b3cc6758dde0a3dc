"""What decides the result of a component: its provider, its code, its options and the libraries below it."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fusionkit.data.code_version import code_version, hash_sources
from fusionkit.registry import Kind, Registry

_OWN = ("representations", "preprocessors", "layers")


def component_key(registry: Registry, kind: Kind, name: str, options: Mapping[str, Any]) -> str:
    """Return a text that changes whenever the result of a component may change.

    Editing a plugin, of which all modules count, or the packages of fusionkit that make views changes it too; a new
    version of a library that only a plugin uses does not.
    """
    component = registry.get(kind, name)
    chosen = {option: repr(value) for option, value in sorted(options.items())}
    plugin = _plugin_sources(component.target.__module__)
    return json.dumps([component.name, str(component.provider), plugin, code_version(*_OWN), chosen])


def _plugin_sources(module: str) -> str:
    top = module.partition(".")[0]
    file = getattr(sys.modules.get(top), "__file__", None)
    if not file or top == "fusionkit":
        return ""
    root = Path(file)
    return hash_sources([root] if root.name != "__init__.py" else list(root.parent.rglob("*.py")))
