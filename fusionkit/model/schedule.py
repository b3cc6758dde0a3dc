"""In which stages a model is trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast

from torch import Tensor, nn

from fusionkit.interfaces import Encoder, Features, Stage, joint_stage
from fusionkit.model.fusion_model import FusionModel

Schedule = Literal["fuser", "joint", "staged"]


def model_stages(model: FusionModel, schedule: Schedule) -> list[Stage]:
    """Return the stages of a model.

    Parameters
    ----------
    model : FusionModel
        For ``staged`` it needs a classifier a branch (``assemble(..., schedule="staged")``).
    schedule : 'fuser', 'joint' or 'staged'
        The fuser's own stages; one stage over everything; or each branch under its own classifier first, then the
        fuser over frozen branches.
    """
    encoders = cast("Sequence[Encoder]", list(model.encoders))
    if schedule == "joint":
        return [joint_stage(encoders, model.fuser)]
    if schedule == "fuser" or len(encoders) == 1:
        return model.fuser.stages(encoders)
    branches = [
        _branch_stage(name, index, encoder, classifier)
        for index, (name, encoder, classifier) in enumerate(
            zip(model.branch_names, encoders, model.branch_classifiers, strict=True)
        )
    ]
    return [*branches, _fuser_stage(model, encoders)]


def _branch_stage(name: str, index: int, encoder: Encoder, classifier: nn.Module) -> Stage:
    def logits(views: Sequence[Tensor]) -> Tensor:
        output: Tensor = classifier(encoder(views[index]).vector)
        return output

    return Stage(f"branch {name}", (encoder, classifier), logits)


def _fuser_stage(model: FusionModel, encoders: Sequence[Encoder]) -> Stage:
    def frozen(views: Sequence[Tensor]) -> tuple[Tensor, ...]:
        features = [encoder(view) for encoder, view in zip(encoders, views, strict=True)]
        return tuple(part for feature in features for part in (feature.tokens, feature.vector))

    def logits(inputs: Sequence[Tensor]) -> Tensor:
        output: Tensor = model.fuser([Features(*pair) for pair in zip(inputs[::2], inputs[1::2], strict=True)])
        return output

    return Stage("fuser", (model.fuser,), logits, frozen)
