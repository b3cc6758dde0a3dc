"""Parts that never learn and were never trained: a model must not rest on random weights unnoticed."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from fusionkit.config.run_config import RunConfig
from fusionkit.errors import UsageError
from fusionkit.interfaces import SignalSpec
from fusionkit.model.assemble import assemble
from fusionkit.model.seeding import own_randomness
from fusionkit.registry import Registry
from fusionkit.run.branch_sources import branch_sources
from fusionkit.run.fold import make_plan
from fusionkit.run.saved_model import load_model

_KEPT = ("encoders.", "fuser.")


def require_trained(config: RunConfig, registry: Registry, signal: SignalSpec, num_outputs: int) -> None:
    """Check that every weight which no stage trains comes from a run that this one starts from.

    What its component makes without gradient, such as a fixed table of positions, is as it should be.

    Parameters
    ----------
    config : RunConfig
        Its ``learn``, of the training and of stages, freezes the rest.
    registry : Registry
        The installed components.
    signal, num_outputs
        What the model is assembled for.

    Raises
    ------
    UsageError
        If a frozen weight is new; the message names the parts.
    """
    if config.training.learn is None and not any("learn" in stage for stage in config.stages.values()):
        return
    schedule = config.training.schedule
    with own_randomness(config.seed):
        model = assemble(registry, signal, config.branches, config.fuser, num_outputs, schedule=schedule)
    trained = {id(parameter) for stage in make_plan(config, model) for parameter in stage.parameters}
    initial: dict[str, Tensor] = {}
    if config.training.init is not None:
        initial = load_model(Path(config.training.init), registry).model.state_dict()
    started = [model.branch_names.index(source.branch) for source in branch_sources(config, registry, signal)]
    given = tuple(f"encoders.{number}." for number in started)
    untrained = [
        name
        for name, parameter in model.named_parameters()
        if name.startswith(_KEPT) and parameter.requires_grad and id(parameter) not in trained
        if not name.startswith(given) and (name not in initial or initial[name].shape != parameter.shape)
    ]
    if untrained:
        parts = dict.fromkeys(
            ".".join(name.split(".")[: 2 if name.startswith("encoders.") else 1]) for name in untrained
        )
        source = "there is no init" if config.training.init is None else f"{config.training.init} does not hold them"
        raise UsageError(
            f"learn leaves {', '.join(parts)} frozen with random weights: {source} ({len(untrained)} tensors, for "
            f"example {untrained[0]}); start from a trained run with --init, or let them learn"
        )
