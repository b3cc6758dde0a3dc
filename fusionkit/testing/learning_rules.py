"""What holds for training: every parameter learns somewhere, and what a stage freezes stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from fusionkit.interfaces import Stage
from fusionkit.model.fusion_model import FusionModel
from fusionkit.model.schedule import Schedule, model_stages
from fusionkit.testing.subject import Subject
from fusionkit.training.fit import freeze_all_but


def parameters_reached(
    parameters: Mapping[str, nn.Parameter], logits: Callable[[], Tensor], steps: int = 3
) -> set[str]:
    """Train on noise and return the parameters that had a gradient other than zero in any step.

    Several steps, because what feeds a layer that starts at zero has no gradient in the first.
    """
    optimizer = torch.optim.AdamW(parameters.values(), lr=1e-2)
    reached: set[str] = set()
    for _ in range(steps):
        optimizer.zero_grad()
        output = logits()
        torch.autograd.backward((output - torch.randn_like(output)).square().mean())
        reached |= {name for name, p in parameters.items() if p.grad is not None and bool(p.grad.any())}
        optimizer.step()
    return reached


def check_stages(subject: Subject, model: FusionModel, schedule: Schedule, views: Sequence[Tensor], steps: int) -> None:
    """Train every stage of a model for some steps.

    Parameters
    ----------
    subject : Subject
        The fuser, which is named.
    model : FusionModel
        What is trained.
    schedule : 'fuser', 'joint' or 'staged'
        Which stages.
    views : sequence of Tensor
        A batch of the view of every branch.
    steps : int
        Steps a stage.

    Raises
    ------
    ConformanceError
        If a stage has no parameter, or changes a parameter or a buffer outside its modules; if the inputs of a stage
        change while it learns; if a parameter never learns; or if the last stage does not give what the model gives.
    """
    stages = model_stages(model, schedule)
    names = [stage.name for stage in stages]
    subject.expect(len(stages) > 0 and len(set(names)) == len(names), f"has stages {names}; expected different names")
    reached: set[str] = set()
    for stage in stages:
        reached |= _check_stage(subject, model, stage, views, steps)
    dead = sorted(dict(model.named_parameters()).keys() - reached)
    subject.expect(not dead, f"has stages ({schedule}) that never train {', '.join(dead)}")
    model.eval()
    with torch.no_grad():
        staged, whole = stages[-1].logits(_inputs(stages[-1], views)), model.classify(views)
    subject.expect(
        staged.shape == whole.shape and torch.allclose(staged, whole, rtol=1e-4, atol=1e-5),
        f"has a last stage, {names[-1]!r}, that does not give the logits of the model",
    )


def _check_stage(subject: Subject, model: FusionModel, stage: Stage, views: Sequence[Tensor], steps: int) -> set[str]:
    own = {id(tensor) for module in stage.modules for tensor in (*module.parameters(), *module.buffers())}
    parameters = {name: parameter for name, parameter in model.named_parameters() if id(parameter) in own}
    subject.expect(len(parameters) > 0, f"has a stage {stage.name!r} without parameters of the model")
    frozen = {name: tensor.detach().clone() for name, tensor in _tensors(model).items() if id(tensor) not in own}
    freeze_all_but(model, ())
    inputs = _inputs(stage, views)
    freeze_all_but(model, stage.modules)
    reached = parameters_reached(parameters, lambda: stage.logits(inputs), steps)
    after = _tensors(model)
    changed = [name for name, tensor in frozen.items() if not torch.equal(tensor, after[name])]
    subject.expect(not changed, f"has a stage {stage.name!r} that changes what it freezes: {', '.join(changed)}")
    model.eval()
    again = _inputs(stage, views)
    subject.expect(
        all(torch.equal(a, b) for a, b in zip(inputs, again, strict=True)),
        f"has a stage {stage.name!r} whose frozen inputs change while it learns",
    )
    return reached


def _inputs(stage: Stage, views: Sequence[Tensor]) -> Sequence[Tensor]:
    if stage.frozen is None:
        return views
    with torch.no_grad():
        return stage.frozen(views)


def _tensors(model: nn.Module) -> dict[str, Tensor]:
    return {**dict(model.named_parameters()), **dict(model.named_buffers())}
