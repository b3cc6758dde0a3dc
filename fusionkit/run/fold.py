"""One fold of an experiment: a model, the parts that it learns from and is measured on, and what it says of them."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fusionkit.config.run_config import RunConfig
from fusionkit.evaluation.metrics import METRICS
from fusionkit.evaluation.predictions import predictions_table
from fusionkit.interfaces import Task
from fusionkit.model.fusion_model import FusionModel
from fusionkit.model.inference import Inputs, probabilities, run_in_batches
from fusionkit.model.schedule import model_stages
from fusionkit.run.branch_health import SCORE, branch_health, chance_limit
from fusionkit.run.last_epochs import LastEpochs
from fusionkit.run.prepare import Prepared
from fusionkit.training.augmenter import Augmenter
from fusionkit.training.batches import Part
from fusionkit.training.branch import Branch
from fusionkit.training.class_weights import sample_weights
from fusionkit.training.devices import check_precision, choose_device, choose_precision, gpu_products
from fusionkit.training.fit import fit
from fusionkit.training.plan import PlannedStage, plan_stages
from fusionkit.training.progress import EpochDone, Observer
from fusionkit.training.safekeeping import Safekeeping
from fusionkit.training.settings import TrainingSettings
from fusionkit.training.step_network import check_step
from fusionkit.training.team import ALONE, Team
from fusionkit.training.training import Training

GRADIENT_NORM = "gradient_norm"

Views = Inputs
Rows = list[dict[str, object]]
SaveModel = Callable[[str, str, FusionModel], None]


def make_plan(config: RunConfig, model: FusionModel, team: Team = ALONE) -> list[PlannedStage]:
    """Return the stages of a model with their settings; errors as in `plan_stages` and `check_step`."""
    stages = model_stages(model, config.training.schedule)
    parts = itertools.zip_longest(model.branch_names, model.encoders, model.branch_classifiers)
    plan = plan_stages(model, stages, config.training, config.stages, [Branch(*part) for part in parts])
    check_step(plan, team)
    return plan


def predict_views(
    model: FusionModel,
    task: Task,
    views: Views,
    rows: NDArray[np.int64],
    batch_size: int,
    precision: str = "float32",
) -> NDArray[np.float64]:
    """Return the class probabilities of some windows, computed where the model is."""
    device = next(model.parameters()).device
    model.eval()
    with gpu_products(precision):
        (logits,) = run_in_batches(
            model.classify,
            views,
            rows,
            batch_size=batch_size,
            device=device,
            precision=choose_precision(precision),
        )
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
    views : sequence of array [window, ...], or LiveViews
        The view of every branch for all windows.
    team : Team
        The processes that train the model together; process 0 alone saves, and scores the test part.
    """

    config: RunConfig
    name: str
    model: FusionModel
    prepared: Prepared
    views: Views
    team: Team = ALONE

    def predict(self, *parts: str) -> pd.DataFrame:
        """Return the predictions of some parts, by default of all."""
        split = self.prepared.parts(self.name)
        rows = np.flatnonzero(split.isin(parts) if parts else split.notna())
        task = self.prepared.task
        table = predict_views(self.model, task, self.views, rows, self.config.training.batch_size)
        windows = self.prepared.windows.iloc[rows]
        return predictions_table(windows, table, task.classes, fold=self.name, split=split.iloc[rows])

    def fit(
        self, augmenter: Augmenter | None, observe: Observer, save: SaveModel, keep: Safekeeping
    ) -> tuple[Rows, Rows, float]:
        """Train the model.

        Parameters
        ----------
        augmenter : Augmenter, optional
            What changes the training part.
        observe : callable
            Is told of every step and epoch.
        save : callable
            ``save(fold, name, model)`` keeps the weights as ``best`` or ``last``.
        keep : Safekeeping
            How the training is kept safe.

        Returns
        -------
        tuple
            The history, a row an epoch; the figures of the test part after the last epochs, if asked for; and the
            seconds that were spent before the training was resumed.
        """
        config, task = self.config, self.prepared.task
        device = choose_device(config.training.device, self.team)
        check_precision(config.training.precision, device)
        plan = make_plan(config, self.model.to(device))
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
            save=lambda name: save(self.name, name, self.model) if self.team.leads else None,
            score_epoch=lambda epoch: last.score(epoch, final.epochs, final.patience) if self.team.leads else None,
            keep=keep,
            team=self.team,
        )
        with gpu_products(config.training.precision):
            trained = fit(training, lambda own: (self._part("train", own, augmenter), self._part(self._chosen_on, own)))
        named = {"fold": self.name}
        count = config.evaluation.last_epochs
        ends = [named | row for row in trained.scores[-count:]] if count else []
        return [named | _row(epoch) for epoch in trained.history], ends, trained.seconds_before

    def branch_health(self, history: Rows) -> Rows:
        """Return what every branch contributes, measured on the part that chose the epochs: a row a branch.

        Parameters
        ----------
        history : list of dict
            That of the training, whose last gradient norm of every branch stands in its row too.
        """
        final = make_plan(self.config, self.model)[-1].settings
        part = self._part(self._chosen_on, final)
        limit = chance_limit(part.targets, self.prepared.windows["record"].to_numpy(dtype=object)[part.rows])
        rows: Rows = []
        with gpu_products("float32"):
            found = branch_health(self.model, self.prepared.task, part, final.batch_size, final.monitor, limit)
        for one in found:
            figures = {"alone": one.alone, "without": one.without, "all": one.all}
            column = f"{GRADIENT_NORM} {one.branch}"
            norms = [epoch[column] for epoch in history if column in epoch]
            row: dict[str, object] = {"fold": self.name, "branch": one.branch, "part": self._chosen_on}
            row |= {name: scores[SCORE] for name, scores in figures.items()} | {"monitor": final.monitor}
            row |= {f"{name}_monitor": scores[final.monitor] for name, scores in figures.items()}
            rows.append(row | {GRADIENT_NORM: norms[-1] if norms else None, "contributes": one.contributes})
        return rows

    @property
    def _chosen_on(self) -> str:
        return "validation" if self.config.split.validation == "own" else "test"

    def _part(self, name: str, settings: TrainingSettings, augmenter: Augmenter | None = None) -> Part:
        rows = np.flatnonzero(self.prepared.parts(self.name) == name)
        targets, column = self.prepared.targets[rows], settings.balance_within
        within = None if column is None else self.prepared.windows[column].astype(str).to_numpy(dtype=object)[rows]
        return Part(self.views, rows, targets, sample_weights(targets, settings.class_weights, within), augmenter)


def _row(epoch: EpochDone) -> dict[str, object]:
    """Return an epoch as a row of the history, with a column for the gradient norm of every branch."""
    row = dataclasses.asdict(epoch)
    norms = row.pop("gradient_norms")
    return row | {f"{GRADIENT_NORM} {name}": norm for name, norm in norms.items()}
