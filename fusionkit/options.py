"""Options: the signature of a component is its schema.

A component declares what a user may choose as keyword-only, annotated arguments:

>>> def vit(view_shape, /, *, depth: Annotated[int, Option("Number of blocks.", ge=1)] = 6): ...

From that one line come validation, ``fusionkit describe``, the configuration file and ``-o vit.depth=4``.
"""

from __future__ import annotations

import inspect
import math
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fusionkit.errors import PluginError, UsageError, did_you_mean
from fusionkit.option_types import coerce, format_value, from_text, supported, type_name

__all__ = [
    "REQUIRED",
    "Option",
    "OptionSpec",
    "format_value",
    "option_specs",
    "parse_options",
    "plain_name",
    "validate_options",
]

REQUIRED = inspect.Parameter.empty


@dataclass(frozen=True)
class Option:
    """What a signature says of one option, inside ``Annotated``.

    Parameters
    ----------
    description : str
        One sentence, with the unit where there is one.
    ge, gt, le, lt : float, optional
        Bounds of the number, or of every number in a tuple.
    """

    description: str
    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None

    @property
    def bounds(self) -> str:
        """The bounds as a person writes them, for example ``> 0, <= 1``."""
        signs = ((">=", self.ge), (">", self.gt), ("<=", self.le), ("<", self.lt))
        return ", ".join(f"{sign} {bound:g}" for sign, bound in signs if bound is not None)

    def admits(self, number: float) -> bool:
        """Return whether a number lies within the bounds (NaN and infinity never do)."""
        return math.isfinite(number) and (
            (self.ge is None or number >= self.ge)
            and (self.gt is None or number > self.gt)
            and (self.le is None or number <= self.le)
            and (self.lt is None or number < self.lt)
        )


@dataclass(frozen=True)
class OptionSpec:
    """One option of one component: name, type, default, description and bounds."""

    name: str
    type: Any
    default: Any
    option: Option = field(repr=False)

    @property
    def type_name(self) -> str:
        """The type as a person writes it, for example ``int | none`` or ``mean | token``."""
        return type_name(self.type)

    def validate(self, value: object, owner: str) -> Any:
        """Return the value in the declared type.

        Raises
        ------
        UsageError
            If the value has another type or lies outside the bounds.
        """
        try:
            accepted = coerce(self.type, value)
        except (TypeError, ValueError, OverflowError):
            raise UsageError(f"{owner}: option {self.name!r} is {value!r}; expected {self.type_name}") from None
        for number in accepted if isinstance(accepted, tuple) else (accepted,):
            if isinstance(number, int | float) and not isinstance(number, bool) and not self.option.admits(number):
                expected = self.option.bounds or "that is finite"
                raise UsageError(f"{owner}: option {self.name!r} is {value!r}; expected a value {expected}")
        return accepted

    def parse(self, text: str, owner: str) -> Any:
        """Return the value that a text on the command line stands for, validated."""
        return self.validate(from_text(self.type, text), owner)


def plain_name(name: str) -> str:
    """Return a component name as it is registered: a user may write ``-`` for ``_``."""
    return name.strip().replace("-", "_")


def option_specs(component: Callable[..., object], owner: str) -> dict[str, OptionSpec]:
    """Read the options of a class or function from its signature.

    Parameters
    ----------
    component : callable
        A component class, an adapter function or a frozen dataclass.
    owner : str
        How errors name it, for example ``encoder 'vit'``.

    Raises
    ------
    PluginError
        If an option lacks an annotation, a description or a supported type, or the signature has ``**kwargs``.
    """
    target = inspect.unwrap(component.__init__ if isinstance(component, type) else component)  # type: ignore[misc]
    specs: dict[str, OptionSpec] = {}
    for parameter in inspect.signature(component).parameters.values():
        if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            raise PluginError(f"{owner} takes *{parameter.name}: name each option, so that a misspelt one is refused")
        if parameter.kind is not parameter.KEYWORD_ONLY:
            continue
        hint = _read_annotation(parameter.annotation, getattr(target, "__globals__", {}), owner, parameter.name)
        options = [extra for extra in getattr(hint, "__metadata__", ()) if isinstance(extra, Option)]
        if not options:
            raise PluginError(f'{owner}: option {parameter.name!r} has no Annotated[type, Option("description")]')
        kind = hint.__origin__
        if not supported(kind):
            raise PluginError(
                f"{owner}: option {parameter.name!r} has type {kind!r}; "
                "use int, float, bool, str, Literal, X | None or tuple[X, ...]"
            )
        specs[parameter.name] = OptionSpec(parameter.name, kind, parameter.default, options[0])
    return specs


def validate_options(values: Mapping[str, object], specs: Mapping[str, OptionSpec], owner: str) -> dict[str, Any]:
    """Return the given values, each in its declared type.

    Raises
    ------
    UsageError
        If a name is unknown, a value is not accepted, or a required option is missing.
    """
    for name in values:
        if name not in specs:
            raise UsageError(f"{owner} has no option {name!r}; {did_you_mean(name, specs)}")
    missing = [name for name, spec in specs.items() if spec.default is REQUIRED and name not in values]
    if missing:
        raise UsageError(f"{owner} needs a value for {', '.join(map(repr, missing))}")
    return {name: specs[name].validate(value, owner) for name, value in values.items()}


def parse_options(texts: Mapping[str, str], specs: Mapping[str, OptionSpec], owner: str) -> dict[str, Any]:
    """Return the values that texts of the command line stand for.

    Raises
    ------
    UsageError
        If a name is unknown or a value is not accepted.
    """
    for name in texts:
        if name not in specs:
            raise UsageError(f"{owner} has no option {name!r}; {did_you_mean(name, specs)}")
    return {name: specs[name].parse(text, owner) for name, text in texts.items()}


def _read_annotation(annotation: Any, names: dict[str, Any], owner: str, option: str) -> Any:
    """Return an annotation as an object; those of other parameters may name what only a type checker imports."""
    holder = types.SimpleNamespace(__annotations__={option: annotation})
    try:
        return typing.get_type_hints(holder, globalns=names, include_extras=True)[option]
    except Exception as error:
        raise PluginError(f"{owner}: the annotation of option {option!r} cannot be read: {error}") from error
