"""The environment that a run folder was begun in, and the one that it is resumed in."""

from __future__ import annotations

import json
from typing import Any

from fusionkit.config.run_config import RunConfig
from fusionkit.data.spec import parse_spec
from fusionkit.errors import IntegrityError, UsageError
from fusionkit.registry import Kind, Registry
from fusionkit.run.environment import RESUMED, environment, environment_changes
from fusionkit.run.run_folder import ENVIRONMENT, SPLIT, RunFolder
from fusionkit.training.devices import choose_device
from fusionkit.training.team import ALONE, Team

NOT_COMPARABLE = "not bit-comparable: resumed under another environment"


def write_environment(folder: RunFolder, config: RunConfig, registry: Registry, team: Team = ALONE) -> None:
    """Write what the bits of the result depend on; errors as in `RunFolder.write_text`."""
    folder.write_json(ENVIRONMENT, _environment(config, registry, team))


def resume_environment(
    folder: RunFolder, config: RunConfig, registry: Registry, team: Team = ALONE, *, allow_different: bool
) -> None:
    """Check that a run goes on where it was begun.

    Raises
    ------
    UsageError
        If the environment is another one, and that is not allowed.
    IntegrityError
        If the old one cannot be read, or is gone.
    """
    new = _environment(config, registry, team)
    if not (folder.path / ENVIRONMENT).is_file():
        if (folder.path / SPLIT).is_file() and not allow_different:
            raise IntegrityError(
                f"{folder.path} holds no {ENVIRONMENT}, which says where it was begun; restore it, or add "
                "--allow-different-env, which marks the results"
            )
        marks = {RESUMED: ["unknown"]} if (folder.path / SPLIT).is_file() else {}
        folder.write_json(ENVIRONMENT, new | marks)
        return
    old = _read(folder)
    changes = environment_changes(old, new)
    if not changes:
        return
    if not allow_different:
        raise UsageError(
            f"{folder.path} was begun in another environment, in which alone it goes on to the same bits; go on there, "
            "or add --allow-different-env, which marks the results",
            changes,
        )
    folder.write_json(ENVIRONMENT, new | {RESUMED: [*old.get(RESUMED, []), "; ".join(changes)]})


def environment_cautions(folder: RunFolder) -> list[str]:
    """Return what readers of the figures must know of the environments of a run."""
    return [f"{NOT_COMPARABLE} ({changes})" for changes in _read(folder).get(RESUMED, [])]


def _read(folder: RunFolder) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((folder.path / ENVIRONMENT).read_text(encoding="utf-8"))
        if not isinstance(found, dict):
            raise ValueError("it holds no table")
    except (OSError, ValueError) as error:
        raise IntegrityError(f"{folder.path / ENVIRONMENT} cannot be read: {error}; begin a new run") from error
    return found


def _environment(config: RunConfig, registry: Registry, team: Team) -> dict[str, Any]:
    device = str(choose_device(config.training.device, team))
    return environment() | {"device": device, "processes": team.size, "components": _providers(config, registry)}


def _providers(config: RunConfig, registry: Registry) -> dict[str, str]:
    """Return who provides each component of the run, with the version."""
    names: list[tuple[Kind, str]] = [("dataset", parse_spec(config.data.spec)[0]), ("fuser", config.fuser.name)]
    for branch in config.branches:
        names += [("representation", branch.representation), ("encoder", branch.encoder)]
    names += [("preprocessor", step.name) for step in config.preprocessors]
    names += [("augmentation", step.name) for step in config.augmentations]
    return {f"{kind} {name}": str(registry.get(kind, name).provider) for kind, name in names}
