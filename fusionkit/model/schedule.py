"""In which stages a model is trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast

from torch import Tensor

from fusionkit.interfaces import Encoder, Features, Fuser, Stage, branch_stage, joint_stage
from fusionkit.model.fusion_model import FusionModel

Schedule = Literal["fuser", "joint", "staged"]


def needs_branch_classifiers(fuser: Fuser, count: int, schedule: Schedule) -> bool:
    """Return whether the staged schedule needs a classifier a branch: a fuser with stages of its own has its own."""
    return schedule == "staged" and count > 1 and type(fuser).stages is Fuser.stages


def model_stages(model: FusionModel, schedule: Schedule) -> list[Stage]:
    """Return the stages of a model.

    Parameters
    ----------
    model : FusionModel
        For ``staged``, as ``assemble(..., schedule="staged")`` makes it.
    schedule : 'fuser', 'joint' or 'staged'
        The fuser's own stages; one stage over everything; or each branch under its own classifier first, then the
        fuser over frozen branches. A fuser with stages of its own is staged by these.
    """
    encoders = cast("Sequence[Encoder]", list(model.encoders))
    if schedule == "joint":
        return [joint_stage(encoders, model.fuser)]
    if not needs_branch_classifiers(model.fuser, len(encoders), schedule):
        return model.fuser.stages(encoders)
    branches = enumerate(zip(model.branch_names, encoders, model.branch_classifiers, strict=True))
    stages = [branch_stage(name, index, encoder, classifier) for index, (name, encoder, classifier) in branches]
    return [*stages, _fuser_stage(model, encoders)]


def _fuser_stage(model: FusionModel, encoders: Sequence[Encoder]) -> Stage:
    def frozen(views: Sequence[Tensor]) -> tuple[Tensor, ...]:
        features = [encoder(view) for encoder, view in zip(encoders, views, strict=True)]
        return tuple(part for feature in features for part in (feature.tokens, feature.vector))

    def logits(inputs: Sequence[Tensor]) -> Tensor:
        output: Tensor = model.fuser([Features(*pair) for pair in zip(inputs[::2], inputs[1::2], strict=True)])
        return output

    return Stage("fuser", (model.fuser,), logits, frozen)
