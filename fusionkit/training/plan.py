"""What every stage of a training learns, and under which settings: all of it checked before training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import nn

from fusionkit.errors import UsageError, did_you_mean
from fusionkit.interfaces import Encoder, Stage
from fusionkit.training.branch import Branch
from fusionkit.training.branch_plan import (
    branch_rates,
    branches_of,
    joint_settings,
    rate_groups,
    require_joint,
    require_learning,
    with_branch_classifiers,
)
from fusionkit.training.settings import TrainingSettings

BRANCHES = "branch"
CLASSIFIERS = "branch_classifiers"
RUN_WIDE = ("balance_within", "schedule", "binary_outputs", "init", "init_branch", "device", "precision", "views")


@dataclass(frozen=True)
class PlannedStage:
    """A stage that is to be trained.

    Parameters
    ----------
    number : int
        Its place among all stages of the model, from 0.
    stage : Stage
        What the fuser says of it; with a branch loss, the classifiers of its branches learn too.
    settings : TrainingSettings
        The settings of the stage; ``d_model`` is filled in for noam.
    groups : tuple of (float, tuple of Parameter)
        What learns, by learning rate.
    branches : tuple of Branch
        The branches whose encoders are modules of the stage; those with a classifier have a loss of their own.
    resting : tuple of nn.Module
        Modules that stay in eval mode although the stage learns, each without the modules inside it.
    """

    number: int
    stage: Stage
    settings: TrainingSettings
    groups: tuple[tuple[float, tuple[nn.Parameter, ...]], ...]
    branches: tuple[Branch, ...]
    resting: tuple[nn.Module, ...]

    @property
    def parameters(self) -> tuple[nn.Parameter, ...]:
        """What learns."""
        return tuple(parameter for _, group in self.groups for parameter in group)

    @property
    def learning_branches(self) -> tuple[Branch, ...]:
        """The branches whose encoders learn."""
        return tuple(branch for branch in self.branches if branch.learning)

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
    branches: Sequence[Branch] = (),
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
    branches : sequence of Branch, optional
        The branches of the model.

    Raises
    ------
    UsageError
        If there is no such stage, a setting cannot differ between stages or go with another one, a part that is to
        learn does not exist, a setting of branches would change nothing, or nothing learns.
    """
    overrides = overrides or {}
    _check_overrides([stage.name for stage in stages], overrides)
    planned = []
    for number, stage in enumerate(stages):
        shared = overrides.get(BRANCHES, {}) if _is_branch(stage.name) else {}
        own = {**shared, **overrides.get(stage.name, {})}
        chosen = joint_settings(stage, len(branches_of(stage, branches)), replace(settings, **own), own)
        one = _plan_stage(model, number, stage, chosen, branches)
        if one and "branch_lr" in own:
            require_learning(branch_rates(chosen, branches), one.branches, f"stage {stage.name!r}")
        planned += [one] if one else []
    if not planned:
        raise UsageError("nothing in the model learns: all parameters are frozen; name others with --learn")
    require_joint(settings, {one.stage.name: one.settings for one in planned})
    require_learning(branch_rates(settings, branches), [b for one in planned for b in one.branches], "any stage")
    return planned


def _plan_stage(
    model: nn.Module, number: int, stage: Stage, settings: TrainingSettings, branches: Sequence[Branch]
) -> PlannedStage | None:
    """Return the plan of one stage, or None where nothing may learn in it."""
    parts = settings.learn
    if not _learning(model, parts, stage.modules):
        return None
    found = [
        replace(branch, learning=_learning(model, parts, [branch.encoder])) for branch in branches_of(stage, branches)
    ]
    if settings.branch_loss:
        stage = with_branch_classifiers(stage, [branch for branch in found if branch.learning])
        parts = parts and (*parts, *([CLASSIFIERS] if any(branch.classifier for branch in found) else []))
    found = [
        branch if settings.branch_loss and branch.learning else replace(branch, classifier=None) for branch in found
    ]
    resting = tuple(module for name, module in model.named_modules() if not _within(name, parts))
    rates = branch_rates(settings, branches)
    groups = rate_groups(_learning(model, parts, stage.modules), found, rates, settings.lr)
    return PlannedStage(number, stage, _with_rate(stage, settings), groups, tuple(found), resting)


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


def _learning(
    model: nn.Module, parts: tuple[str, ...] | None, modules: Sequence[nn.Module]
) -> tuple[nn.Parameter, ...]:
    """Return the parameters of some modules that these parts of the model hold and that may learn."""
    named = dict(model.named_parameters(remove_duplicate=False))
    for part in parts or ():
        if not any(_within(name, (part,)) for name in named):
            depth = part.count(".") + 1
            near = {".".join(name.split(".")[:depth]) for name in named}
            raise UsageError(f"learn names {part!r}, but the model has no such part; {did_you_mean(part, near)}")
    chosen = {id(parameter) for name, parameter in named.items() if _within(name, parts)}
    return tuple(p for p in nn.ModuleList(modules).parameters() if p.requires_grad and id(p) in chosen)


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
