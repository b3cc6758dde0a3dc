"""The library: build and fit with arrays in memory."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from fusionkit.config.layers import zip_branches
from fusionkit.config.resolve import place_overrides, resolve
from fusionkit.config.run_config import RunConfig
from fusionkit.config.settings_sections import settings_sections
from fusionkit.config.toml import from_tables
from fusionkit.data.recordings import ArrayRecordings
from fusionkit.data.spec import IN_MEMORY
from fusionkit.errors import DataError, UsageError
from fusionkit.evaluation.metrics import score_splits
from fusionkit.interfaces import SignalSpec
from fusionkit.model.assemble import assemble, check_combination
from fusionkit.model.fusion_model import FusionModel
from fusionkit.model.seeding import own_randomness
from fusionkit.plugins import build_registry
from fusionkit.registry import Registry
from fusionkit.run.experiment import build_model, run_folds
from fusionkit.run.prepare import Prepared, prepare
from fusionkit.run.reporter import Reporter, SilentReporter
from fusionkit.run.saved_model import SavedModel, save_model
from fusionkit.run.untrained_parts import require_trained
from fusionkit.run.views import view_arrays
from fusionkit.training.devices import choose_device

Options = Mapping[str, object]


@dataclass(frozen=True)
class Fitted(SavedModel):
    """A trained model, with what was measured.

    Parameters
    ----------
    model, task, config, preprocessing
        See `SavedModel`.
    metrics : dict
        The figures of every part: ``metrics["test"]["roc_auc"]``.
    predictions : DataFrame
        A row a record: part, label and the probability of every class.
    history : DataFrame
        A row an epoch.
    cautions, leaks : tuple of str
        What every reader of the figures must know; leaks there are only where ``allow_leak`` was set.
    """

    metrics: dict[str, dict[str, Any]]
    predictions: pd.DataFrame
    history: pd.DataFrame
    cautions: tuple[str, ...]
    leaks: tuple[str, ...]

    def save(self, folder: str | Path) -> None:
        """Write the model as a checkpoint that `predict` accepts in place of this object."""
        save_model(Path(folder), self.model, self.task, self.config)


def build(
    *,
    channels: int,
    samples: int,
    sample_rate: float,
    num_outputs: int,
    representations: Sequence[str] | str = ("mel", "wave"),
    encoders: Sequence[str] | str = ("vit", "cnn1d"),
    fuser: str | None = None,
    options: Options | None = None,
    seed: int = 0,
    registry: Registry | None = None,
) -> FusionModel:
    """Return an untrained model: an ordinary `torch.nn.Module` from signals [batch, channel, time] to logits.

    Parameters
    ----------
    channels, samples : int
        Shape of a signal.
    sample_rate : float
        In Hz.
    num_outputs : int
        Logits a signal.
    representations, encoders : sequence of str
        The i-th encoder reads the i-th representation; one encoder reads all.
    fuser : str, optional
        What joins the branches; by default concat, or single for one branch.
    options : mapping, optional
        Options of components: ``{"vit.depth": 4, "2:cnn1d.kernel_size": 9}``.
    seed : int
        Seed of the initial weights.
    registry : Registry, optional
        The components; by default all that are installed.

    Raises
    ------
    UsageError
        If a name, an option or the combination cannot be used.
    """
    if min(channels, samples, sample_rate, num_outputs) <= 0:
        raise UsageError("channels, samples, sample_rate and num_outputs must all be above 0")
    registry = registry or build_registry()[0]
    config = make_config(representations, encoders, fuser, options, {}, seed, registry)
    with own_randomness(seed):
        signal = SignalSpec(channels, samples, float(sample_rate))
        return assemble(registry, signal, config.branches, config.fuser, num_outputs)


def fit(
    x: ArrayLike,
    labels: Sequence[Any] | NDArray[Any],
    *,
    sample_rate: float,
    groups: Sequence[Any] | NDArray[Any] | None = None,
    representations: Sequence[str] | str = ("mel", "wave"),
    encoders: Sequence[str] | str = ("vit", "cnn1d"),
    fuser: str | None = None,
    preprocess: Sequence[str] | str = (),
    augment: Sequence[str] | str = (),
    options: Options | None = None,
    settings: Options | None = None,
    classes: Sequence[str] | None = None,
    seed: int = 0,
    registry: Registry | None = None,
    reporter: Reporter | None = None,
) -> Fitted:
    """Train a model on arrays in memory, and measure it on subjects that it was not trained on.

    Parameters
    ----------
    x : array or tensor [record, channel, time]
        The signals.
    labels : sequence [record]
        Their classes.
    sample_rate : float
        In Hz.
    groups : sequence [record], optional
        Their subjects. Without them the split is by record, and subject leakage is not excluded.
    representations, encoders, fuser, options
        See `build`.
    preprocess, augment : sequence of str
        Preprocessors of every signal, and augmentations of the training part, in order. `predict` preprocesses too.
    settings : mapping, optional
        Settings of training and split under the names of the command line, for example
        ``{"epochs": 20, "lr": 3e-4, "test_fraction": 0.25}``.
    classes : sequence of str, optional
        Classes in the order of the outputs; of two, the second is the finding.
    seed : int
        Seed of split, initial weights, order and dropout.
    registry : Registry, optional
        The components; by default all that are installed.
    reporter : Reporter, optional
        Is told how training goes on.

    Returns
    -------
    Fitted
        Model, metrics, predictions and history.

    Raises
    ------
    UsageError
        If a name, an option or the combination cannot be used.
    DataError
        If signals, labels or groups cannot be used.
    """
    registry = registry or build_registry()[0]
    reporter = reporter or SilentReporter()
    chosen = {**(settings or {}), **({} if classes is None else {"classes": tuple(map(str, _listed(classes)))})}
    steps = {"preprocessors": _listed(preprocess), "augmentations": _listed(augment)}
    config = make_config(representations, encoders, fuser, options, chosen, seed, registry, steps)
    check_combination(registry, config.branches, config.fuser)
    choose_device(config.training.device)
    recordings = ArrayRecordings(x, sample_rate, labels, groups)
    return fit_prepared(config, registry, prepare(config, registry, recordings, reporter), reporter)


def fit_prepared(config: RunConfig, registry: Registry, prepared: Prepared, reporter: Reporter) -> Fitted:
    """Train the one fold of prepared data, with views in memory."""
    require_trained(config, registry, prepared.reader.signal, prepared.task.num_outputs)
    signals = np.stack([prepared.reader.read(row) for row in prepared.windows.to_dict("records")])
    model = build_model(config, registry, prepared)
    views = view_arrays(model, signals)
    outcome = run_folds(config, registry, prepared, model, signals, views, reporter, lambda *_: None)
    if len(outcome.models) != 1:
        raise DataError(f"fit trains one model, but split {config.split.split!r} asks for {len(outcome.models)}")
    (model,) = outcome.models.values()
    predictions = outcome.predictions
    metrics = score_splits(predictions, config.evaluation)
    return Fitted(
        model=model.cpu(),
        task=prepared.task,
        config=config,
        preprocessing=prepared.reader.preprocessing,
        metrics=metrics,
        predictions=predictions.drop(columns="fold"),
        history=outcome.history,
        cautions=(*prepared.cautions, *outcome.cautions),
        leaks=prepared.leaks,
    )


def make_config(
    representations: Sequence[str] | str,
    encoders: Sequence[str] | str,
    fuser: str | None,
    options: Options | None,
    settings: Options,
    seed: int,
    registry: Registry,
    steps: Mapping[str, Sequence[str]] | None = None,
) -> RunConfig:
    """Return the configuration that names, options and settings describe, checked against the components."""
    tables: dict[str, Any] = {
        "seed": operator.index(seed),
        "branches": zip_branches(_listed(representations), _listed(encoders)),
        **({} if fuser is None else {"fuser": {"name": fuser}}),
        **{kind: [{"name": name} for name in names] for kind, names in (steps or {}).items()},
        **settings_sections({"spec": IN_MEMORY, **settings}),
    }
    overrides = place_overrides((options or {}).items())
    return resolve(from_tables(tables, "arguments"), registry, overrides, with_dataset=False)


def _listed(names: Sequence[Any] | str) -> list[Any]:
    return [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
