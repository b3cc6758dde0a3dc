"""One experiment: for every fold assemble, fit, predict; then one table of predictions."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import Tensor

from fusionkit.config.run_config import RunConfig
from fusionkit.errors import UsageError
from fusionkit.model.assemble import assemble
from fusionkit.model.fusion_model import FusionModel
from fusionkit.model.seeding import own_randomness
from fusionkit.registry import Registry
from fusionkit.run.fold import Fold, Rows, SaveModel, Views, make_plan, predict_views
from fusionkit.run.prepare import Prepared
from fusionkit.run.reporter import Reporter
from fusionkit.run.saved_model import load_model
from fusionkit.run.transforms import make_augmentations
from fusionkit.training.augmenter import Augmenter
from fusionkit.training.initial_weights import take_weights

__all__ = ["Outcome", "build_model", "predict_views", "run_folds"]


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
    seconds : float
        Time of training and prediction.
    """

    models: dict[str, FusionModel]
    predictions: pd.DataFrame
    history: pd.DataFrame
    last_epochs: pd.DataFrame
    seconds: float


def build_model(config: RunConfig, registry: Registry, prepared: Prepared) -> FusionModel:
    """Assemble the model of a configuration; its initial weights depend on the seed alone."""
    with own_randomness(config.seed):
        return assemble(
            registry,
            prepared.reader.signal,
            config.branches,
            config.fuser,
            prepared.task.num_outputs,
            schedule=config.training.schedule,
        )


def run_folds(
    config: RunConfig,
    registry: Registry,
    prepared: Prepared,
    signals: NDArray[np.float32],
    views: Views,
    reporter: Reporter,
    save: SaveModel,
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
    signals : array [window, channel, time]
        All windows: what augmentations of signals start from.
    views : sequence of array [window, ...]
        The view of every branch for all windows.
    reporter : Reporter
        Is told how training goes on.
    save : callable
        ``save(fold, name, model)`` keeps the weights as ``best`` or ``last``.

    Raises
    ------
    UsageError
        If settings of stages, parts that are to learn or initial weights do not fit the model; nothing has been
        trained then.
    """
    start = time.perf_counter()
    plan = make_plan(config, build_model(config, registry, prepared))
    for fold in prepared.fold_names:
        if config.evaluation.last_epochs and not (prepared.parts(fold) == "test").any():
            raise UsageError(f"last_epochs is {config.evaluation.last_epochs}, but fold {fold!r} has no test part")
    initial = _initial_weights(config, registry)
    models: dict[str, FusionModel] = {}
    tables: list[pd.DataFrame] = []
    epochs: Rows = []
    ends: Rows = []
    if config.augmentations:
        for name in [planned.stage.name for planned in plan if planned.stage.frozen is not None]:
            reporter.note(f"stage {name!r} learns from frozen branches: no augmentation reaches it")
    for fold in prepared.fold_names:
        if len(prepared.fold_names) > 1:
            reporter.note(f"fold {fold}")
        model = build_model(config, registry, prepared)
        if initial:
            note = take_weights(model, initial, str(config.training.init))
            if not models:
                reporter.note(note)
        one = Fold(config, fold, model, prepared, views)
        augmenter = _augmenter(config, registry, prepared, signals, model)
        history, last = one.fit(augmenter, reporter.training, save)
        epochs += history
        ends += last
        tables.append(one.predict())
        models[fold] = model.cpu()
    predictions = pd.concat(tables, ignore_index=True)
    seconds = time.perf_counter() - start
    return Outcome(models, predictions, pd.DataFrame(epochs), pd.DataFrame(ends), seconds)


def _initial_weights(config: RunConfig, registry: Registry) -> dict[str, Tensor]:
    """Return what was trained in the run that this one starts from."""
    if config.training.init is None:
        return {}
    tensors = load_model(Path(config.training.init), registry).model.state_dict()
    return {name: tensor for name, tensor in tensors.items() if not name.startswith("representations.")}


def _augmenter(
    config: RunConfig, registry: Registry, prepared: Prepared, signals: NDArray[np.float32], model: FusionModel
) -> Augmenter | None:
    steps = make_augmentations(config, registry, prepared.reader.signal.sample_rate)
    return Augmenter(steps, list(prepared.windows["window"]), signals, model.views, config.seed) if steps else None
