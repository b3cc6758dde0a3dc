"""Which branches a stage of training has, their rates, and which remedies can work in it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from torch import nn

from fusionkit.errors import UsageError
from fusionkit.interfaces import Stage
from fusionkit.model.branch_values import branch_values
from fusionkit.training.branch import Branch
from fusionkit.training.settings import TrainingSettings

JOINT_ONLY = ("branch_loss", "branch_drop_rate")


def branches_of(stage: Stage, branches: Sequence[Branch]) -> tuple[Branch, ...]:
    """Return the branches whose encoders are modules of a stage."""
    inside = {id(module) for module in nn.ModuleList(stage.modules).modules()}
    return tuple(branch for branch in branches if id(branch.encoder) in inside)


def with_branch_classifiers(stage: Stage, branches: Sequence[Branch]) -> Stage:
    """Return the stage with the classifiers of its branches among what learns."""
    added = tuple(branch.classifier for branch in branches if branch.classifier is not None)
    return replace(stage, modules=(*stage.modules, *added))


def joint_settings(stage: Stage, count: int, settings: TrainingSettings, own: Mapping[str, Any]) -> TrainingSettings:
    """Return the settings of a stage without what needs several branches, where it trains fewer.

    Parameters
    ----------
    stage : Stage
        The stage.
    count : int
        How many branches it trains.
    settings : TrainingSettings
        Its settings.
    own : mapping
        Those of them that were given for this stage.

    Raises
    ------
    UsageError
        If such a setting was given for this stage.
    """
    if count > 1:
        return settings
    for name in JOINT_ONLY:
        if own.get(name):
            raise UsageError(
                f"stage {stage.name!r} sets {name}, which needs several branches that learn together; it has {count}"
            )
    return replace(settings, branch_loss=0.0, branch_drop_rate=0.0)


def require_joint(settings: TrainingSettings, stages: Mapping[str, TrainingSettings]) -> None:
    """Refuse settings that would change nothing, as no stage trains several branches together.

    Raises
    ------
    UsageError
        If there are any.
    """
    for name in JOINT_ONLY:
        if getattr(settings, name) and not any(getattr(stage, name) for stage in stages.values()):
            raise UsageError(
                f"{name} is {getattr(settings, name):g}, but no stage trains several branches together (stages: "
                f"{', '.join(stages)}); use two branches or more and schedule 'joint', or leave it out"
            )


def branch_rates(settings: TrainingSettings, branches: Sequence[Branch]) -> dict[str, float]:
    """Return the learning rates of single branches by their names.

    Raises
    ------
    UsageError
        If a branch does not exist, or a rate is not a number above 0.
    """
    rates: dict[str, float] = {}
    names = [branch.name for branch in branches]
    for name, text in branch_values(settings.branch_lr, names, "branch_lr").items():
        try:
            rates[name] = float(text)
        except ValueError:
            rates[name] = math.nan
        if not 0 < rates[name] < math.inf:
            raise UsageError(f"branch_lr of {name!r} is {text!r}; expected a rate above 0, for example {name}=1e-4")
    return rates


def require_learning(rates: Mapping[str, float], learning: Sequence[Branch], where: str) -> None:
    """Refuse rates of branches that do not learn.

    Raises
    ------
    UsageError
        If there are any.
    """
    known = {branch.name for branch in learning if branch.learning}
    for name in rates:
        if name not in known:
            raise UsageError(f"branch_lr names {name!r}, but the encoder of this branch does not learn in {where}")


def rate_groups(
    parameters: Sequence[nn.Parameter], branches: Sequence[Branch], rates: Mapping[str, float], lr: float
) -> tuple[tuple[float, tuple[nn.Parameter, ...]], ...]:
    """Return parameters by learning rate: those at the rate of the stage, then each branch that has its own."""
    chosen = [(rates[branch.name], branch.learning) for branch in branches if branch.name in rates]
    apart = {id(parameter) for _, group in chosen for parameter in group}
    rest = tuple(parameter for parameter in parameters if id(parameter) not in apart)
    return tuple((rate, group) for rate, group in ((lr, rest), *chosen) if group)
