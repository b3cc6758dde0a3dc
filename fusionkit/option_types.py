"""The types that an option may have, and how values and texts become them."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterable, Sequence
from numbers import Integral, Real
from typing import Any, Literal


def format_value(value: object) -> str:
    """Return a value as it is written on the command line."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):
        return ",".join(format_value(part) for part in value)
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)


def _parts(kind: Any) -> tuple[Any, ...]:
    return typing.get_args(kind) if typing.get_origin(kind) in (types.UnionType, typing.Union) else (kind,)


def supported(kind: Any) -> bool:
    """Return whether an option may have this type."""
    if typing.get_origin(kind) is tuple:
        items = typing.get_args(kind)
        return len(items) == 2 and items[0] in (int, float, bool, str) and items[1] is Ellipsis
    if typing.get_origin(kind) is Literal:
        return all(isinstance(choice, str | int) for choice in typing.get_args(kind))
    parts = _parts(kind)
    return all(supported(part) for part in parts) if len(parts) > 1 else kind in (int, float, bool, str, type(None))


def type_name(kind: Any) -> str:
    """Return a type as a person writes it, for example ``int | none`` or ``mean | token``."""
    if kind is type(None):
        return "none"
    if typing.get_origin(kind) is Literal:
        return " | ".join(format_value(choice) for choice in typing.get_args(kind))
    if typing.get_origin(kind) is tuple:
        return f"{type_name(typing.get_args(kind)[0])},..."
    parts = _parts(kind)
    return " | ".join(type_name(part) for part in parts) if len(parts) > 1 else str(kind.__name__)


def coerce(kind: Any, value: object) -> Any:
    """Return a value in a type; TypeError or ValueError where it is not of it."""
    parts = _parts(kind)
    if len(parts) > 1:
        return _first(parts, lambda part: coerce(part, value))
    if typing.get_origin(kind) is Literal:
        matches = [choice for choice in typing.get_args(kind) if choice == value and type(choice) is type(value)]
        if not matches:
            raise ValueError(value)
        return matches[0]
    if typing.get_origin(kind) is tuple:
        items: Iterable[object] = value if isinstance(value, Sequence) and not isinstance(value, str) else (value,)
        accepted = tuple(coerce(typing.get_args(kind)[0], item) for item in items)
        if not accepted:
            raise ValueError(value)
        return accepted
    # The numbers of numpy are numbers too.
    if kind in (int, float) and type(value) is not bool and isinstance(value, Integral if kind is int else Real):
        return kind(value)
    if kind is type(None) and value == "none":
        return None
    if type(value) is not kind:
        raise TypeError(value)
    return value


def from_text(kind: Any, text: str) -> object:
    """Turn a text into the value that `coerce` then judges; an unreadable text stays a text."""
    parts = _parts(kind)
    if len(parts) > 1:

        def read(part: Any) -> object:
            value = from_text(part, text)
            coerce(part, value)
            return value

        try:
            return _first(parts, read)
        except ValueError:
            return text
    if typing.get_origin(kind) is tuple:
        return [from_text(typing.get_args(kind)[0], item.strip()) for item in text.split(",") if item.strip()]
    if typing.get_origin(kind) is Literal:
        return next((choice for choice in typing.get_args(kind) if format_value(choice) == text), text)
    if kind is bool:
        return {"true": True, "false": False}.get(text.lower(), text)
    if kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            return text
    return text


def _first(parts: Sequence[Any], attempt: Callable[[Any], Any]) -> Any:
    # None is asked first and str last: 'none' of a `str | None` or `tuple[str, ...] | None` option is None.
    for part in sorted(parts, key=lambda part: (part is not type(None), part is str)):
        try:
            return attempt(part)
        except (TypeError, ValueError):
            continue
    raise ValueError(parts)
