"""What a user chooses of a model: branches and a fuser, by name, each with its options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class BranchSettings:
    """One (representation, encoder) pair by name.

    Parameters
    ----------
    representation, encoder : str
        Component names.
    representation_options, encoder_options : mapping
        Their options; what is not given keeps its default.
    """

    representation: str
    encoder: str
    representation_options: Mapping[str, Any] = field(default_factory=dict)
    encoder_options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ComponentSettings:
    """A component by name, with its options."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)


def branch_names(branches: tuple[BranchSettings, ...]) -> tuple[str, ...]:
    """Return the name of every branch: ``mel-vit``, and ``mel-vit-2`` where the same pair comes again."""
    names: list[str] = []
    for branch in branches:
        name = f"{branch.representation}-{branch.encoder}"
        count = sum(1 for other in names if other == name or other.startswith(f"{name}-"))
        names.append(f"{name}-{count + 1}" if count else name)
    return tuple(names)
