"""What every stage of a training learns, and under which settings: all of it checked before training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import nn

from fusionkit.errors import UsageError, did_you_mean
from fusionkit.interfaces import Encoder, Stage
from fusionkit.training.settings import TrainingSettings

BRANCHES = "branch"
RUN_WIDE = ("balance_within", "schedule", "binary_outputs", "init", "device", "precision")


@dataclass(frozen=True)
class PlannedStage:
    """A stage that is to be trained.

    Parameters
    ----------
    number : int
        Its place among all stages of the model, from 0.
    stage : Stage
        What the fuser says of it.
    settings : TrainingSettings
        The settings of the stage; ``d_model`` is filled in for noam.
    parameters : tuple of Parameter
        What learns.
    resting : tuple of nn.Module
        Modules that stay in eval mode although the stage learns, each without the modules inside it.
    """

    number: int
    stage: Stage
    settings: TrainingSettings
    parameters: tuple[nn.Parameter, ...]
    resting: tuple[nn.Module, ...]

    def train_mode(self) -> None:
        """Put what learns in train mode."""
        for module in self.stage.modules:
            module.train()
        for module in self.resting:
            module.training = False


def plan_stages(
    model: nn.Module,
    stages: Sequence[Stage],
    settings: TrainingSettings,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[PlannedStage]:
    """Return the stages that are to be trained; one in which nothing may learn is left out.

    Parameters
    ----------
    model : nn.Module
        What is trained; a parameter that it made without gradient never learns.
    stages : sequence of Stage
        Its stages, in order.
    settings : TrainingSettings
        The settings of the run.
    overrides : mapping of str to mapping, optional
        Settings that differ in a stage, by its name. ``branch`` means every stage whose name begins so; what stands
        under the whole name of a stage goes before it.

    Raises
    ------
    UsageError
        If there is no such stage, a setting cannot differ between stages or go with another one, a part that is to
        learn does not exist, or nothing learns.
    """
    overrides = overrides or {}
    _check_overrides([stage.name for stage in stages], overrides)
    planned = []
    for number, stage in enumerate(stages):
        shared = overrides.get(BRANCHES, {}) if _is_branch(stage.name) else {}
        chosen = replace(settings, **{**shared, **overrides.get(stage.name, {})})
        modules = nn.ModuleList(stage.modules)
        named = _learning(model, chosen.learn)
        parameters = tuple(p for p in modules.parameters() if p.requires_grad and id(p) in named)
        if parameters:
            resting = tuple(module for name, module in model.named_modules() if not _within(name, chosen.learn))
            planned.append(PlannedStage(number, stage, _with_rate(stage, chosen), parameters, resting))
    if not planned:
        raise UsageError("nothing in the model learns: all parameters are frozen; name others with --learn")
    return planned


def _check_overrides(names: Sequence[str], overrides: Mapping[str, Mapping[str, Any]]) -> None:
    known = [*names, *([BRANCHES] if any(map(_is_branch, names)) else [])]
    for name, values in overrides.items():
        if name not in known:
            listed = ", ".join(map(repr, known))
            raise UsageError(f"the model has no stage {name!r}, which [stages] names; its stages: {listed}")
        for key in RUN_WIDE:
            if key in values:
                raise UsageError(f"stage {name!r} sets {key}, which is the same in all stages; set it under [training]")


def _is_branch(name: str) -> bool:
    return name.startswith(f"{BRANCHES} ")


def _learning(model: nn.Module, parts: tuple[str, ...] | None) -> set[int]:
    """Return the identities of the parameters that these parts hold."""
    named = dict(model.named_parameters(remove_duplicate=False))
    for part in parts or ():
        if not any(_within(name, (part,)) for name in named):
            depth = part.count(".") + 1
            near = {".".join(name.split(".")[:depth]) for name in named}
            raise UsageError(f"learn names {part!r}, but the model has no such part; {did_you_mean(part, near)}")
    return {id(parameter) for name, parameter in named.items() if _within(name, parts)}


def _within(name: str, parts: tuple[str, ...] | None) -> bool:
    return parts is None or any(name == part or name.startswith(f"{part}.") for part in parts)


def _with_rate(stage: Stage, settings: TrainingSettings) -> TrainingSettings:
    """Return the settings with the width that noam needs."""
    if settings.optimizer != "noam":
        return settings
    if settings.lr_schedule != "none":
        raise UsageError(
            f"stage {stage.name!r}: lr_schedule {settings.lr_schedule!r} does not go with optimizer 'noam', "
            "which has a schedule of its own; use lr_schedule 'none'"
        )
    widths = [module.token_dim for module in stage.modules if isinstance(module, Encoder)]
    if settings.d_model is None and not widths:
        raise UsageError(
            f"stage {stage.name!r} trains no encoder whose width optimizer 'noam' could take; set d_model, "
            "or another optimizer for this stage"
        )
    return replace(settings, d_model=settings.d_model or widths[0])
