"""One experiment: for every fold assemble, fit, predict; then one table of predictions."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fusionkit.config.run_config import RunConfig
from fusionkit.evaluation.metrics import METRICS
from fusionkit.evaluation.predictions import predictions_table
from fusionkit.interfaces import Task
from fusionkit.model.assemble import assemble
from fusionkit.model.fusion_model import FusionModel
from fusionkit.model.inference import probabilities, run_in_batches
from fusionkit.model.schedule import model_stages
from fusionkit.model.seeding import own_randomness
from fusionkit.registry import Registry
from fusionkit.run.prepare import Prepared
from fusionkit.run.reporter import Reporter
from fusionkit.run.transforms import make_augmentations
from fusionkit.training.augmenter import Augmenter
from fusionkit.training.batches import Part
from fusionkit.training.class_weights import sample_weights
from fusionkit.training.devices import choose_device, choose_precision
from fusionkit.training.fit import Training, fit

Views = Sequence[NDArray[np.float32]]
SaveModel = Callable[[str, str, FusionModel], None]


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
    seconds : float
        Time of training and prediction.
    """

    models: dict[str, FusionModel]
    predictions: pd.DataFrame
    history: pd.DataFrame
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
    """
    start = time.perf_counter()
    models: dict[str, FusionModel] = {}
    tables: list[pd.DataFrame] = []
    epochs: list[dict[str, object]] = []
    if config.augmentations:
        for name in _frozen_stages(config, registry, prepared):
            reporter.note(f"stage {name!r} learns from frozen branches: no augmentation reaches it")
    for fold in prepared.fold_names:
        if len(prepared.fold_names) > 1:
            reporter.note(f"fold {fold}")
        model = build_model(config, registry, prepared)
        augmenter = _augmenter(config, registry, prepared, signals, model)
        epochs += _fit_fold(config, fold, model, prepared, views, augmenter, reporter, save)
        chosen = prepared.parts(fold)
        rows = np.flatnonzero(chosen.notna())
        table = predict_views(model, prepared.task, views, rows, config.training.batch_size)
        models[fold] = model.cpu()
        tables.append(
            predictions_table(
                prepared.windows.iloc[rows], table, prepared.task.classes, fold=fold, split=chosen.iloc[rows]
            )
        )
    predictions = pd.concat(tables, ignore_index=True)
    return Outcome(models, predictions, pd.DataFrame(epochs), time.perf_counter() - start)


def _frozen_stages(config: RunConfig, registry: Registry, prepared: Prepared) -> list[str]:
    stages = model_stages(build_model(config, registry, prepared), config.training.schedule)
    return [stage.name for stage in stages if stage.frozen is not None]


def predict_views(
    model: FusionModel, task: Task, views: Views, rows: NDArray[np.int64], batch_size: int
) -> NDArray[np.float64]:
    """Return the class probabilities of some windows, computed where the model is."""
    device = next(model.parameters()).device
    model.eval()
    (logits,) = run_in_batches(model.classify, views, rows, batch_size=batch_size, device=device)
    return probabilities(task, logits)


def _augmenter(
    config: RunConfig, registry: Registry, prepared: Prepared, signals: NDArray[np.float32], model: FusionModel
) -> Augmenter | None:
    steps = make_augmentations(config, registry, prepared.reader.signal.sample_rate)
    return Augmenter(steps, list(prepared.windows["window"]), signals, model.views, config.seed) if steps else None


def _fit_fold(
    config: RunConfig,
    fold: str,
    model: FusionModel,
    prepared: Prepared,
    views: Views,
    augmenter: Augmenter | None,
    reporter: Reporter,
    save: SaveModel,
) -> list[dict[str, object]]:
    settings = config.training
    device = choose_device(settings.device)
    parts = prepared.parts(fold)

    def part(name: str) -> Part:
        rows = np.flatnonzero(parts == name)
        column = settings.balance_within
        within = None if column is None else prepared.windows[column].astype(str).to_numpy(dtype=object)[rows]
        weights = sample_weights(prepared.targets[rows], settings.class_weights, within)
        return Part(views, rows, prepared.targets[rows], weights, augmenter if name == "train" else None)

    training = Training(
        model=model.to(device),
        stages=model_stages(model, settings.schedule),
        task=prepared.task,
        settings=settings,
        score=lambda chances, truth: METRICS[settings.monitor](truth, chances),
        seed=config.seed,
        device=device,
        precision=choose_precision(settings.precision),
        observe=reporter.training,
        save=lambda name: save(fold, name, model),
    )
    history = fit(training, part("train"), part("validation"))
    return [{"fold": fold, **dataclasses.asdict(epoch)} for epoch in history]
