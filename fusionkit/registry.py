"""The registry: which components exist under which name, and who provides them."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from fusionkit import docstrings
from fusionkit.errors import FusionkitError, PluginError, UsageError, did_you_mean
from fusionkit.interfaces import (
    CHANNEL_FREQ_TIME,
    CHANNEL_TIME,
    Augmentation,
    Encoder,
    Fuser,
    Mixing,
    Preprocessor,
    Representation,
)
from fusionkit.options import OptionSpec, option_specs, plain_name, validate_options

Kind = Literal["representation", "encoder", "fuser", "preprocessor", "augmentation", "dataset", "preset"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_INTERFACES: dict[Kind, tuple[type, ...]] = {
    "representation": (Representation,),
    "encoder": (Encoder,),
    "fuser": (Fuser,),
    "preprocessor": (Preprocessor,),
    "augmentation": (Augmentation, Mixing),
}
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


@dataclass(frozen=True)
class Provider:
    """Who provides a component: a distribution and its version."""

    distribution: str
    version: str

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}"


@dataclass(frozen=True)
class Component:
    """One registered component.

    Parameters
    ----------
    kind, name : str
        For example ``encoder`` and ``vit``.
    target : class, function or mapping
        What was registered.
    provider : Provider
        The distribution that registered it.
    options : mapping of str to OptionSpec
        What a user may choose, read from the signature.
    """

    kind: Kind
    name: str
    target: Any
    provider: Provider
    options: Mapping[str, OptionSpec] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.kind} {self.name!r}"

    @property
    def summary(self) -> str:
        """The first paragraph of its docstring, on one line and without markup."""
        return str(self.target.get("description", "")) if self.kind == "preset" else docstrings.summary(self.target)

    def create(self, *negotiated: object, options: Mapping[str, object] | None = None) -> Any:
        """Call the component with what was negotiated and with validated options.

        Raises
        ------
        UsageError
            If an option is unknown or its value not accepted.
        """
        return self.target(*negotiated, **validate_options(options or {}, self.options, str(self)))


class Registry:
    """All components by kind and name. An ordinary object: whoever needs one makes one."""

    def __init__(self) -> None:
        self._components: dict[Kind, dict[str, Component]] = {kind: {} for kind in KINDS}
        self._conflicts: dict[tuple[Kind, str], list[Provider]] = {}
        self.unavailable: list[str] = []
        """One line for each plugin that could not be loaded: shown when a name is not found."""
        self.elsewhere: Mapping[str, str] = {}
        """From the name of a component to how to install the plugin that brings it: told when the name is not found."""

    def register(self, kind: Kind, name: str, target: Any, provider: Provider) -> None:
        """Add a component after checking its name and its signature.

        A name that two distributions claim belongs to neither: `get` then names both.

        Raises
        ------
        PluginError
            If the name is not snake_case, or the component does not implement its interface.
        """
        owner = f"{kind} {name!r} of {provider}"
        if not (isinstance(name, str) and _NAME.fullmatch(name)):
            raise PluginError(f"{owner}: a name is snake_case, up to 64 characters, for example 'log_mel'")
        options = _checked_options(kind, target, owner)
        taken = self._components[kind].get(name)
        if taken is None:
            self._components[kind][name] = Component(kind, name, target, provider, options)
        else:
            self._conflicts.setdefault((kind, name), [taken.provider]).append(provider)

    def get(self, kind: Kind, name: str) -> Component:
        """Return a component by name; ``-`` may stand for ``_``.

        Raises
        ------
        UsageError
            If no component of this kind has the name.
        PluginError
            If two distributions claim the name, or a plugin that could not be loaded may have provided it.
        """
        plain = plain_name(name)
        claims = self._conflicts.get((kind, plain))
        if claims:
            raise PluginError(
                f"{kind} {plain!r} is claimed by {' and by '.join(map(str, claims))}; uninstall one of them"
            )
        known = self._components[kind]
        if plain in known:
            return known[plain]
        raise self._unknown(kind, name, (component.name for component in self.all(kind)))

    @property
    def conflicts(self) -> list[str]:
        """One line for each name that two distributions claim."""
        return [f"{kind} {name!r}: {', '.join(map(str, claims))}" for (kind, name), claims in self._conflicts.items()]

    def all(self, kind: Kind) -> list[Component]:
        """Return the components of a kind, sorted by name, without those whose name two distributions claim."""
        names = sorted(name for name in self._components[kind] if (kind, name) not in self._conflicts)
        return [self._components[kind][name] for name in names]

    def named(self, name: str) -> list[Component]:
        """Return the components of any kind that have this name; errors as in `get`."""
        kinds = [kind for kind in KINDS if plain_name(name) in self._components[kind]]
        if not kinds:
            raise self._unknown("component", name, {component.name for component in self})
        return [self.get(kind, name) for kind in kinds]

    def _unknown(self, kind: str, name: str, known: Iterable[str]) -> FusionkitError:
        plain, names = plain_name(name), sorted(known)
        if plain in self.elsewhere:
            return PluginError(f"there is no {kind} {name!r} here; {self.elsewhere[plain]}", self.unavailable)
        message = f"there is no {kind} {name!r}; {did_you_mean(plain, names)}"
        if self.unavailable and not difflib.get_close_matches(plain, names, n=1):
            return PluginError(f"{message}; a plugin that could not be loaded may provide it", self.unavailable)
        return UsageError(message)

    def __iter__(self) -> Iterator[Component]:
        return (component for kind in KINDS for component in self.all(kind))


def _checked_options(kind: Kind, target: Any, owner: str) -> dict[str, OptionSpec]:
    if kind == "preset":
        if not isinstance(target, Mapping):
            raise PluginError(
                f"{owner} is a {type(target).__name__}; expected a mapping in the form of a configuration file"
            )
        return {}
    if kind == "dataset":
        if not inspect.isfunction(target):
            raise PluginError(f"{owner} is a {type(target).__name__}; expected a function (path, /, *, options)")
        return option_specs(target, owner)
    interfaces = _INTERFACES[kind]
    if not (isinstance(target, type) and issubclass(target, interfaces)):
        names = " or ".join(f"fusionkit.{interface.__name__}" for interface in interfaces)
        raise PluginError(f"{owner} is {target!r}; expected a subclass of {names}")
    missing = sorted(getattr(target, "__abstractmethods__", ()))
    if missing:
        raise PluginError(f"{owner} lacks {', '.join(missing)}")
    known_axes = (CHANNEL_TIME, CHANNEL_FREQ_TIME)
    if issubclass(target, Representation) and getattr(target, "axes", None) not in known_axes:
        raise PluginError(f"{owner}: 'axes' must be one of {known_axes}")
    if issubclass(target, Encoder) and not (getattr(target, "accepts", ()) and set(target.accepts) <= set(known_axes)):
        raise PluginError(f"{owner}: 'accepts' must be a tuple of axes out of {known_axes}")
    if issubclass(target, Augmentation) and getattr(target, "level", None) not in ("signal", "view"):
        raise PluginError(f"{owner}: 'level' must be 'signal' or 'view'")
    return option_specs(target, owner)
