"""What decides the result of a component: its provider, its code, its options and the libraries below it."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from fusionkit.registry import Kind, Registry

_LIBRARIES = ("torch", "torchaudio", "numpy", "scipy", "PyWavelets")
_OWN = ("representations", "preprocessors", "layers")


def component_key(registry: Registry, kind: Kind, name: str, options: Mapping[str, Any]) -> str:
    """Return a text that changes whenever the result of a component may change."""
    component = registry.get(kind, name)
    libraries = [f"{library} {metadata.version(library)}" for library in _LIBRARIES]
    code = _source_hash(component.target.__module__)
    chosen = {option: repr(value) for option, value in sorted(options.items())}
    return json.dumps([component.name, str(component.provider), code, libraries, chosen])


def _source_hash(module: str) -> str:
    """Return a hash of the code that a component may use, so that editing it never leaves an old result in use.

    That is the package of a plugin; of fusionkit itself, the packages that make views.
    """
    top = module.partition(".")[0]
    file = getattr(sys.modules.get(top), "__file__", None)
    if not file:
        return ""
    root = Path(file)
    if root.name != "__init__.py":
        sources = [root]
    elif top == "fusionkit":
        sources = [source for package in _OWN for source in root.parent.glob(f"{package}/*.py")]
    else:
        sources = list(root.parent.rglob("*.py"))
    digest = hashlib.sha256()
    for source in sorted(sources):
        digest.update(source.read_bytes())
    return digest.hexdigest()
