"""A trained model on disk: a checkpoint that says how to assemble the model that its weights belong to."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from fusionkit.config.resolve import resolve
from fusionkit.config.run_config import RunConfig
from fusionkit.config.toml import dump, parse
from fusionkit.data.preprocessing import Preprocessing
from fusionkit.errors import DataError, IntegrityError, UsageError
from fusionkit.interfaces import SignalSpec, Task
from fusionkit.model.assemble import assemble
from fusionkit.model.fusion_model import FusionModel
from fusionkit.model.seeding import own_randomness
from fusionkit.registry import Registry
from fusionkit.run.transforms import make_preprocessing
from fusionkit.training.checkpoint import MANIFEST, load_checkpoint, save_checkpoint

_MOST = 1 << 31  # channels, samples and Hz: far more than any window has
_LONGEST = 300


@dataclass(frozen=True)
class SavedModel:
    """A model with its task, the configuration that it was trained under, and what it wants done to signals before."""

    model: FusionModel
    task: Task
    config: RunConfig
    preprocessing: Preprocessing


def save_model(folder: Path, model: FusionModel, task: Task, config: RunConfig) -> None:
    """Write the weights of a model, its signal, task and configuration; errors as in `save_checkpoint`."""
    # What representations hold follows from their options; branch classifiers serve training only.
    kept = ("encoders.", "fuser.")
    tensors = {name: tensor for name, tensor in model.state_dict().items() if name.startswith(kept)}
    state = {"signal": dataclasses.asdict(model.signal), "task": dataclasses.asdict(task), "config": dump(config)}
    save_checkpoint(folder, tensors, state)


def load_model(path: Path, registry: Registry) -> SavedModel:
    """Return the model of a run folder or of a checkpoint, in eval mode.

    Parameters
    ----------
    path : Path
        A run folder (its best weights are taken) or a checkpoint folder.
    registry : Registry
        The installed components; a checkpoint never imports anything.

    Raises
    ------
    DataError
        If there is no checkpoint, or the run has several folds.
    IntegrityError
        If the checkpoint is not what was written, or does not fit the installed components.
    """
    tensors, state = load_checkpoint(checkpoint_folder(path))
    try:
        signal, task, text = _signal(state["signal"]), _task(state["task"]), str(state["config"])
    except (KeyError, TypeError, ValueError) as error:
        raise IntegrityError(
            f"{path}: the manifest lacks or misstates signal, task or config: {_brief(error)}"
        ) from error
    try:
        config = resolve(parse(text, "its configuration"), registry, with_dataset=False)
        with own_randomness():
            model = assemble(registry, signal, config.branches, config.fuser, task.num_outputs)
        preprocessing = make_preprocessing(config, registry, signal.sample_rate)
    except UsageError as error:
        raise IntegrityError(f"{path} does not fit the installed components: {_brief(error)}") from error
    try:
        model.load_state_dict({**_representations(model), **tensors})
    except RuntimeError as error:
        fault = str(error).splitlines()[-1].strip()
        raise IntegrityError(f"{path}: the weights do not fit the installed components: {_brief(fault)}") from error
    return SavedModel(model.eval(), task, config, preprocessing)


def _signal(stated: Mapping[str, Any]) -> SignalSpec:
    signal = SignalSpec(**stated)
    counts = (signal.channels, signal.samples)
    known = all(type(count) is int and 0 < count < _MOST for count in counts) and type(signal.sample_rate) in (
        int,
        float,
    )
    if not known or not 0 < signal.sample_rate < _MOST:
        raise ValueError(f"no signal is {stated}")
    return signal


def _task(stated: Mapping[str, Any]) -> Task:
    task = Task(**{**stated, "classes": tuple(stated["classes"])})
    outputs = (1, 2) if task.kind == "binary" else (len(task.classes),)
    named = all(isinstance(name, str) for name in task.classes)
    known = named and type(task.num_outputs) is int and task.num_outputs in outputs and len(task.classes) >= 2
    if task.kind not in ("binary", "multiclass", "multilabel") or not known:
        raise ValueError(f"no task is {stated}")
    return task


def _brief(text: object) -> str:
    """Return what was said of a file that may hold anything, in at most 300 characters that can be printed."""
    told = str(text)
    return told if len(told) <= _LONGEST and told.isprintable() else ascii(told[:_LONGEST])


def _representations(model: FusionModel) -> dict[str, Tensor]:
    return {name: t for name, t in model.state_dict().items() if name.startswith("representations.")}


def checkpoint_folder(path: Path) -> Path:
    """Return the checkpoint of a run folder (its best) or of a checkpoint folder; errors as in `load_model`."""
    if (path / MANIFEST).is_file():
        return path
    if (path / "checkpoints" / "best" / MANIFEST).is_file():
        return path / "checkpoints" / "best"
    folds = sorted(folder.parent.parent.name for folder in path.glob(f"checkpoints/*/best/{MANIFEST}"))
    if folds:
        raise DataError(
            f"{path} has a model a fold ({', '.join(folds)}); name one: {path / 'checkpoints' / folds[0] / 'best'}"
        )
    if (path / "config.toml").is_file() and (path / "state").is_dir():
        raise DataError(f"{path} is a run that has not ended; go on with it: fusionkit run --resume {path}")
    raise DataError(f"{path} is neither a run folder nor a checkpoint: it holds no {MANIFEST}")
