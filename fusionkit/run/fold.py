"""One fold of an experiment: a model, the parts that it learns from and is measured on, and what it says of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fusionkit.config.run_config import RunConfig
from fusionkit.evaluation.metrics import METRICS
from fusionkit.evaluation.predictions import predictions_table
from fusionkit.interfaces import Task
from fusionkit.model.fusion_model import FusionModel
from fusionkit.model.inference import probabilities, run_in_batches
from fusionkit.model.schedule import model_stages
from fusionkit.run.last_epochs import LastEpochs
from fusionkit.run.prepare import Prepared
from fusionkit.training.augmenter import Augmenter
from fusionkit.training.batches import Part
from fusionkit.training.class_weights import sample_weights
from fusionkit.training.devices import choose_device, choose_precision
from fusionkit.training.fit import fit
from fusionkit.training.plan import PlannedStage, plan_stages
from fusionkit.training.progress import Observer
from fusionkit.training.settings import TrainingSettings
from fusionkit.training.training import Training

Views = Sequence[NDArray[np.float32]]
Rows = list[dict[str, object]]
SaveModel = Callable[[str, str, FusionModel], None]


def make_plan(config: RunConfig, model: FusionModel) -> list[PlannedStage]:
    """Return the stages of a model with their settings; errors as in `plan_stages`."""
    return plan_stages(model, model_stages(model, config.training.schedule), config.training, config.stages)


def predict_views(
    model: FusionModel, task: Task, views: Views, rows: NDArray[np.int64], batch_size: int
) -> NDArray[np.float64]:
    """Return the class probabilities of some windows, computed where the model is."""
    device = next(model.parameters()).device
    model.eval()
    (logits,) = run_in_batches(model.classify, views, rows, batch_size=batch_size, device=device)
    return probabilities(task, logits)


@dataclass(frozen=True)
class Fold:
    """One fold.

    Parameters
    ----------
    config : RunConfig
        What was asked for.
    name : str
        Name of the fold.
    model : FusionModel
        Is trained.
    prepared : Prepared
        Windows, task and folds.
    views : sequence of array [window, ...]
        The view of every branch for all windows.
    """

    config: RunConfig
    name: str
    model: FusionModel
    prepared: Prepared
    views: Views

    def predict(self, *parts: str) -> pd.DataFrame:
        """Return the predictions of some parts, by default of all."""
        split = self.prepared.parts(self.name)
        rows = np.flatnonzero(split.isin(parts) if parts else split.notna())
        task = self.prepared.task
        table = predict_views(self.model, task, self.views, rows, self.config.training.batch_size)
        windows = self.prepared.windows.iloc[rows]
        return predictions_table(windows, table, task.classes, fold=self.name, split=split.iloc[rows])

    def fit(self, augmenter: Augmenter | None, observe: Observer, save: SaveModel) -> tuple[Rows, Rows]:
        """Train the model.

        Parameters
        ----------
        augmenter : Augmenter, optional
            What changes the training part.
        observe : callable
            Is told of every step and epoch.
        save : callable
            ``save(fold, name, model)`` keeps the weights as ``best`` or ``last``.

        Returns
        -------
        tuple of two lists of dict
            The history, a row an epoch; and the figures of the test part after the last epochs, if asked for.
        """
        config, task = self.config, self.prepared.task
        device = choose_device(config.training.device)
        plan = make_plan(config, self.model.to(device))
        chosen_on = "validation" if config.split.validation == "own" else "test"
        last = LastEpochs(config.evaluation, lambda: self.predict("test"), task.kind == "multilabel")
        final = plan[-1].settings
        training = Training(
            model=self.model,
            plan=plan,
            task=task,
            score=lambda figure, chances, truth: METRICS[figure](truth, chances),
            seed=config.seed,
            device=device,
            precision=choose_precision(config.training.precision),
            observe=observe,
            save=lambda name: save(self.name, name, self.model),
            after_epoch=lambda epoch: last.score(epoch, final.epochs, final.patience),
        )
        history = fit(training, lambda own: (self._part("train", own, augmenter), self._part(chosen_on, own)))
        named = {"fold": self.name}
        return [named | dataclasses.asdict(epoch) for epoch in history], [named | row for row in last.rows]

    def _part(self, name: str, settings: TrainingSettings, augmenter: Augmenter | None = None) -> Part:
        rows = np.flatnonzero(self.prepared.parts(self.name) == name)
        targets, column = self.prepared.targets[rows], settings.balance_within
        within = None if column is None else self.prepared.windows[column].astype(str).to_numpy(dtype=object)[rows]
        return Part(self.views, rows, targets, sample_weights(targets, settings.class_weights, within), augmenter)
