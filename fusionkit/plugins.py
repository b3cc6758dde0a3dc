"""Finding plugins and asking them for their components, so that a broken one harms nobody but its users."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import metadata
from types import MappingProxyType
from typing import Any

import pluggy

from fusionkit import __version__, builtins, hookspecs
from fusionkit.errors import FusionkitError, PluginError
from fusionkit.hookspecs import PROJECT
from fusionkit.registry import KINDS, Kind, Provider, Registry


@dataclass(frozen=True)
class Plugin:
    """What became of one plugin.

    Parameters
    ----------
    name : str
        Name of its entry point.
    provider : Provider
        Distribution and version.
    components : tuple of str
        What it registered, for example ``encoder inception_time``.
    cause : str
        Why it is broken; empty when it works.
    """

    name: str
    provider: Provider
    components: tuple[str, ...] = ()
    cause: str = ""


_COMPARATORS = ("mobilenet_v3", "efficientnet_b0", "resnet18", "densenet169", "inception_v3")
_HINT = "it comes with the plugin fusionkit-comparators and the library timm: pip install fusionkit-comparators timm"
_ELSEWHERE = MappingProxyType({f"{kind}{name}": _HINT for name in _COMPARATORS for kind in ("", "audiofuse_")})


def build_registry(entry_points: Iterable[metadata.EntryPoint] | None = None) -> tuple[Registry, list[Plugin]]:
    """Load the built-in components and every installed plugin.

    Parameters
    ----------
    entry_points : iterable of EntryPoint, optional
        The plugins; by default all that are installed under the group ``fusionkit``.

    Returns
    -------
    registry : Registry
        All components that could be registered.
    plugins : list of Plugin
        What became of each plugin, the broken ones with the cause.
    """
    registry = Registry()
    registry.elsewhere = _ELSEWHERE
    own = Provider("fusionkit", __version__)
    plugins = [Plugin("builtins", own, register_plugin(registry, builtins, own))]
    found = metadata.entry_points(group=PROJECT) if entry_points is None else entry_points
    plugins.extend(_load(registry, entry_point) for entry_point in found)
    registry.unavailable = [f"{plugin.name} of {plugin.provider}: {plugin.cause}" for plugin in plugins if plugin.cause]
    return registry, plugins


def _load(registry: Registry, entry_point: metadata.EntryPoint) -> Plugin:
    provider = _provider(entry_point)
    try:
        # What a plugin prints while it is imported must not end in the JSON of `--json`.
        with contextlib.redirect_stdout(sys.stderr):
            return Plugin(entry_point.name, provider, register_plugin(registry, entry_point.load(), provider))
    except KeyboardInterrupt:
        raise
    except FusionkitError as error:
        return Plugin(entry_point.name, provider, cause=error.message)
    except BaseException as error:  # SystemExit included: a plugin must not end the program
        return Plugin(entry_point.name, provider, cause=f"{type(error).__name__}: {' '.join(str(error).split())}")


def _provider(entry_point: metadata.EntryPoint) -> Provider:
    name = version = None
    # A distribution that was half removed has entry points and no readable metadata.
    with contextlib.suppress(Exception):
        if entry_point.dist is not None:
            name, version = entry_point.dist.name, entry_point.dist.version
    return Provider(name or entry_point.value, version or "of unknown version")


def register_plugin(registry: Registry, plugin: object, provider: Provider) -> tuple[str, ...]:
    """Ask one plugin for its components; either all of them are registered or none.

    Parameters
    ----------
    registry : Registry
        Where they are registered.
    plugin : module or object
        What has the hooks.
    provider : Provider
        Its distribution and version.

    Returns
    -------
    tuple of str
        What it registered, for example ``encoder inception_time``.

    Raises
    ------
    PluginError
        If it registers nothing, a name twice, or a component that breaks a rule.
    """
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(plugin)
    manager.check_pending()
    offered: list[tuple[Kind, str, Any]] = []
    for kind in KINDS:
        getattr(manager.hook, f"register_{kind}s")(register=_collector(offered, kind))
    if not offered:
        raise PluginError("registers nothing; mark its hooks, such as register_encoders, with @hookimpl")
    trial = Registry()
    for kind, name, target in offered:
        trial.register(kind, name, target, provider)
    if trial.conflicts:
        raise PluginError(f"registers a name twice: {trial.conflicts[0]}")
    for kind, name, target in offered:
        registry.register(kind, name, target, provider)
    return tuple(f"{kind} {name}" for kind, name, _ in offered)


def _collector(offered: list[tuple[Kind, str, Any]], kind: Kind) -> Callable[[str, Any], None]:
    return lambda name, target: offered.append((kind, name, target))
