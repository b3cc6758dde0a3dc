"""One experiment: for every fold assemble, fit, predict; then one table of predictions."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from torch import Tensor

from fusionkit.config.run_config import RunConfig
from fusionkit.errors import UsageError
from fusionkit.model.assemble import assemble
from fusionkit.model.fusion_model import FusionModel
from fusionkit.model.inference import LiveViews, RowArray
from fusionkit.model.seeding import own_randomness
from fusionkit.registry import Registry
from fusionkit.run.branch_cautions import branch_cautions
from fusionkit.run.branch_sources import branch_sources
from fusionkit.run.fold import Fold, Rows, SaveModel, Views, make_plan
from fusionkit.run.prepare import Prepared
from fusionkit.run.reporter import Reporter
from fusionkit.run.saved_model import load_model
from fusionkit.run.transforms import make_augmentations
from fusionkit.training.augmenter import Augmenter
from fusionkit.training.initial_weights import take_weights
from fusionkit.training.safekeeping import Safekeeping
from fusionkit.training.team import ALONE, Team


@dataclass(frozen=True)
class Outcome:
    """What an experiment gives.

    Parameters
    ----------
    models : dict of str to FusionModel
        The trained model of every fold, on the CPU and in eval mode.
    predictions : DataFrame
        A row a window and fold.
    history : DataFrame
        A row an epoch.
    last_epochs : DataFrame
        Figures of the test part, by record, after each of the last epochs of the last stage: ``fold``, ``epoch`` and
        the metrics; empty unless asked for.
    branches : list of dict
        What every branch contributes, a row a fold and branch, as `Fold.branch_health` gives it.
    cautions : list of str
        What every reader of the figures must know of the branches.
    seconds : float
        Time of training and prediction.
    """

    models: dict[str, FusionModel]
    predictions: pd.DataFrame
    history: pd.DataFrame
    last_epochs: pd.DataFrame
    branches: Rows
    cautions: list[str]
    seconds: float


def build_model(config: RunConfig, registry: Registry, prepared: Prepared) -> FusionModel:
    """Assemble the model of a configuration; its initial weights depend on the seed alone."""
    losses = [config.training.branch_loss, *(stage.get("branch_loss", 0.0) for stage in config.stages.values())]
    with own_randomness(config.seed):
        return assemble(
            registry,
            prepared.reader.signal,
            config.branches,
            config.fuser,
            prepared.task.num_outputs,
            schedule=config.training.schedule,
            branch_classifiers=any(losses),
        )


def run_folds(
    config: RunConfig,
    registry: Registry,
    prepared: Prepared,
    model: FusionModel,
    signals: RowArray,
    views: Views,
    reporter: Reporter,
    save: SaveModel,
    keep: Callable[[str], Safekeeping] = lambda _: Safekeeping(),
    team: Team = ALONE,
) -> Outcome:
    """Train and predict every fold.

    Parameters
    ----------
    config : RunConfig
        What was asked for.
    registry : Registry
        The installed components.
    prepared : Prepared
        Windows, task and folds.
    model : FusionModel
        What `build_model` returned; the first fold trains it, and the others have one of their own.
    signals : array [window, channel, time]
        All windows: what augmentations of signals start from.
    views : sequence of array [window, ...]
        The view of every branch for all windows.
    reporter : Reporter
        Is told how training goes on.
    save : callable
        ``save(fold, name, model)`` keeps the weights as ``best`` or ``last``.
    keep : callable
        Tells how the training of a fold is kept safe; one whose saved state is complete is not repeated.
    team : Team
        The processes that train together, of which this is process 0.

    Raises
    ------
    UsageError
        If settings of stages, parts that are to learn or initial weights do not fit the model; nothing has been
        trained then.
    """
    start = time.perf_counter()
    models: dict[str, FusionModel] = {}
    tables: list[pd.DataFrame] = []
    epochs: Rows = []
    ends: Rows = []
    branches: Rows = []
    earlier = 0.0
    for fold, trained in train_folds(config, registry, prepared, model, signals, views, reporter, save, keep, team):
        history, last, before = trained
        earlier += before
        epochs += history
        ends += last
        branches += fold.branch_health(history)
        tables.append(fold.predict())
        models[fold.name] = fold.model.cpu()
    predictions = pd.concat(tables, ignore_index=True)
    seconds = time.perf_counter() - start + earlier
    plan = make_plan(config, fold.model)
    cautions = branch_cautions(config, branches, joint=any(len(planned.branches) > 1 for planned in plan))
    for caution in cautions:
        reporter.note(caution)
    return Outcome(models, predictions, pd.DataFrame(epochs), pd.DataFrame(ends), branches, cautions, seconds)


def train_folds(
    config: RunConfig,
    registry: Registry,
    prepared: Prepared,
    model: FusionModel,
    signals: RowArray,
    views: Views,
    reporter: Reporter,
    save: SaveModel,
    keep: Callable[[str], Safekeeping],
    team: Team,
) -> Iterator[tuple[Fold, tuple[Rows, Rows, float]]]:
    """Train fold after fold, in any process of a team, and yield what `Fold.fit` returns; see `run_folds`."""
    plan = make_plan(config, model)
    for fold in prepared.fold_names:
        if config.evaluation.last_epochs and not (prepared.parts(fold) == "test").any():
            raise UsageError(f"last_epochs is {config.evaluation.last_epochs}, but fold {fold!r} has no test part")
    initial = _initial_weights(config, registry)
    sources = branch_sources(config, registry, prepared.reader.signal)
    if config.augmentations:
        for name in [planned.stage.name for planned in plan if planned.stage.frozen is not None]:
            reporter.note(f"stage {name!r} learns from frozen branches: no augmentation reaches it")
    for number, fold in enumerate(prepared.fold_names):
        if len(prepared.fold_names) > 1:
            reporter.note(f"fold {fold}")
        if number:
            model = build_model(config, registry, prepared)
        if initial:
            note = take_weights(model, initial, str(config.training.init))
            if not number:
                reporter.note(note)
        for source in sources:
            note = source.start(model)
            if not number:
                reporter.note(note)
        read = LiveViews(signals, model.views) if config.training.views == "step" else views
        one = Fold(config, fold, model, prepared, read, team)
        augmenter = _augmenter(config, registry, prepared, signals, model)
        yield one, one.fit(augmenter, reporter.training, save, keep(fold))


def _initial_weights(config: RunConfig, registry: Registry) -> dict[str, Tensor]:
    """Return what was trained in the run that this one starts from."""
    if config.training.init is None:
        return {}
    tensors = load_model(Path(config.training.init), registry).model.state_dict()
    return {name: tensor for name, tensor in tensors.items() if not name.startswith("representations.")}


def _augmenter(
    config: RunConfig, registry: Registry, prepared: Prepared, signals: RowArray, model: FusionModel
) -> Augmenter | None:
    steps = make_augmentations(config, registry, prepared.reader.signal.sample_rate)
    return Augmenter(steps, list(prepared.windows["window"]), signals, model.views, config.seed) if steps else None
