"""What a run starts from, and what its model is made of, before anything is trained."""

from __future__ import annotations

from typing import Any

from fusionkit.config.run_config import RunConfig
from fusionkit.data.load import load_manifest
from fusionkit.data.recordings import FileRecordings
from fusionkit.errors import UsageError
from fusionkit.interfaces import SignalSpec
from fusionkit.model.assemble import assemble, check_combination
from fusionkit.model.fusion_model import FusionModel
from fusionkit.model.seeding import own_randomness
from fusionkit.registry import Registry
from fusionkit.run.branch_sources import branch_sources
from fusionkit.run.describe import describe_model
from fusionkit.run.experiment import build_model
from fusionkit.run.fold import make_plan
from fusionkit.run.initial_leaks import with_leaks_of_init
from fusionkit.run.prepare import Prepared, prepare
from fusionkit.run.reporter import Reporter, SilentReporter
from fusionkit.run.task import make_task
from fusionkit.run.untrained_parts import require_trained
from fusionkit.training.devices import choose_device


def load(config: RunConfig, registry: Registry, reporter: Reporter) -> Prepared:
    """Check the combination and the device, and prepare the data that the configuration names.

    Raises
    ------
    FusionkitError
        If any of it cannot be used, something leaks that may not, or a frozen part would stay random.
    """
    check_combination(registry, config.branches, config.fuser)
    choose_device(config.training.device)
    manifest = load_manifest(config.data, registry, config.dataset_options)
    prepared = prepare(config, registry, FileRecordings(manifest), reporter)
    branch_sources(config, registry, prepared.reader.signal)  # told now what would fail in training
    prepared = with_leaks_of_init(config, registry, prepared)
    require_trained(config, registry, prepared.reader.signal, prepared.task.num_outputs)
    return prepared


def negotiate(config: RunConfig, registry: Registry, reporter: Reporter | None = None) -> dict[str, Any]:
    """Return what `describe_model` says of the model of a configuration on its data, without training it."""
    prepared = load(config, registry, reporter or SilentReporter())
    return _described(config, build_model(config, registry, prepared))


def negotiate_stated(
    config: RunConfig, registry: Registry, signal: SignalSpec, classes: int, reporter: Reporter | None = None
) -> dict[str, Any]:
    """Return what `describe_model` says of the model of a configuration for a signal that is stated, not read.

    Parameters
    ----------
    config : RunConfig
        Its data are not looked at.
    registry : Registry
        The installed components.
    signal : SignalSpec
        Shape of a window.
    classes : int
        Number of classes, two or more.
    reporter : Reporter, optional
        Is told where the configuration cuts other windows.

    Raises
    ------
    UsageError
        If there are fewer than two classes.
    """
    if classes < 2:
        raise UsageError(f"--classes {classes}: a classifier tells two classes or more apart")
    rate, duration = config.data.sample_rate, config.data.duration
    asked = (
        [f"windows of {duration:g} s"] if duration and abs(signal.duration - duration) > 1 / signal.sample_rate else []
    )
    asked += [f"{rate:g} Hz"] if rate and rate != signal.sample_rate else []
    if asked and reporter is not None:
        reporter.note(
            f"--signal states {signal.duration:g} s at {signal.sample_rate:g} Hz, but the configuration asks for "
            f"{' and '.join(asked)}: what follows is of the stated signal"
        )
    task = make_task(tuple(map(str, range(classes))), binary_outputs=config.training.binary_outputs)
    schedule = config.training.schedule
    with own_randomness(config.seed):
        model = assemble(registry, signal, config.branches, config.fuser, task.num_outputs, schedule=schedule)
    return _described(config, model)


def _described(config: RunConfig, model: FusionModel) -> dict[str, Any]:
    plan = make_plan(config, model)
    return describe_model(model, config.branches, config.fuser.name, config.training.schedule, plan)
