"""Layering: flags override the file, the file overrides the preset, the preset overrides the defaults."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from fusionkit.errors import UsageError
from fusionkit.options import plain_name

Tables = dict[str, Any]


def overlay(below: Mapping[str, Any], above: Mapping[str, Any]) -> Tables:
    """Return the tables of ``below`` with those of ``above`` over them.

    Tables are merged key by key. Branches are replaced as a whole; a branch whose component stays the same at the same
    place keeps its options. Preprocessors and augmentations are replaced as a whole too; one that stays keeps its
    options. A fuser of another name starts with its own defaults, and so does another data set.
    """
    merged: Tables = copy.deepcopy(dict(below))
    for key, value in above.items():
        held = merged.get(key)
        if key == "branches" and isinstance(value, list) and isinstance(held, list):
            merged[key] = [_over_branch(old, new) for old, new in zip(_padded(held, len(value)), value, strict=True)]
        elif key in ("preprocessors", "augmentations") and isinstance(value, list) and isinstance(held, list):
            options = {plain_name(str(old.get("name"))): old.get("options", {}) for old in held}
            merged[key] = [{"options": options.get(plain_name(new["name"]), {}), **new} for new in value]
        elif key == "fuser" and _changed(held, value, "name"):
            merged[key] = copy.deepcopy(value)
        elif isinstance(held, dict) and isinstance(value, Mapping):
            if key == "data" and "spec" in held and _adapter(held) != _adapter({**held, **value}):
                held = {name: setting for name, setting in held.items() if name != "options"}
            merged[key] = overlay(held, value)
        else:
            merged[key] = copy.deepcopy(value)
    return merged


def zip_branches(representations: Sequence[str], encoders: Sequence[str]) -> list[Tables]:
    """Return the branches that two lists name: the i-th encoder reads the i-th representation.

    One encoder reads all representations.

    Raises
    ------
    UsageError
        If the lists have different lengths; the message shows the right form.
    """
    if len(encoders) == 1:
        encoders = list(encoders) * len(representations)
    if len(representations) != len(encoders):
        form = f"--repr {','.join(representations)} --encoder {','.join(['ENCODER'] * len(representations))}"
        raise UsageError(
            f"{len(representations)} representation(s) ({', '.join(representations)}) and {len(encoders)} encoders "
            f"({', '.join(encoders)}); the i-th encoder reads the i-th representation: {form}"
        )
    return [{"representation": r, "encoder": e} for r, e in zip(representations, encoders, strict=True)]


def without_in_stages(tables: Tables, settings: Mapping[str, Any]) -> None:
    """Let settings of training that a flag gives hold in every stage, by taking them out of the stages of a preset."""
    for stage in tables.get("stages", {}).values():
        for name in settings:
            stage.pop(name, None)


def _adapter(data: Mapping[str, Any]) -> str:
    return str(data.get("spec", "")).partition(":")[0]


def _over_branch(old: Mapping[str, Any], new: Mapping[str, Any]) -> Tables:
    branch: Tables = copy.deepcopy(dict(new))
    for part in ("representation", "encoder"):
        options = f"{part}_options"
        if _same(old.get(part), new.get(part)) and (options in old or options in new):
            branch[options] = {**old.get(options, {}), **new.get(options, {})}
    return branch


def _padded(branches: Sequence[Mapping[str, Any]], count: int) -> list[Mapping[str, Any]]:
    return [branches[i] if i < len(branches) else {} for i in range(count)]


def _changed(held: object, value: object, key: str) -> bool:
    if not (isinstance(held, Mapping) and isinstance(value, Mapping)):
        return False
    return key in value and not _same(value[key], held.get(key))


def _same(one: object, other: object) -> bool:
    return one == other or (isinstance(one, str) and isinstance(other, str) and plain_name(one) == plain_name(other))
