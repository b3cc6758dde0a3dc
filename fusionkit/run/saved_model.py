"""A trained model on disk: a checkpoint that says how to assemble the model that its weights belong to."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

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
    tensors, state = load_checkpoint(_checkpoint_folder(path))
    try:
        signal = SignalSpec(**state["signal"])
        task = Task(**{**state["task"], "classes": tuple(state["task"]["classes"])})
        text = str(state["config"])
    except (KeyError, TypeError) as error:
        raise IntegrityError(f"{path}: the manifest lacks or misstates signal, task or config: {error}") from error
    try:
        config = resolve(parse(text, "its configuration"), registry, with_dataset=False)
        with own_randomness():
            model = assemble(registry, signal, config.branches, config.fuser, task.num_outputs)
        preprocessing = make_preprocessing(config, registry, signal.sample_rate)
    except UsageError as error:
        raise IntegrityError(f"{path} does not fit the installed components: {error}") from error
    try:
        model.load_state_dict({**_representations(model), **tensors})
    except RuntimeError as error:
        fault = str(error).splitlines()[-1].strip()
        raise IntegrityError(f"{path}: the weights do not fit the installed components: {fault}") from error
    return SavedModel(model.eval(), task, config, preprocessing)


def _representations(model: FusionModel) -> dict[str, Tensor]:
    return {name: t for name, t in model.state_dict().items() if name.startswith("representations.")}


def _checkpoint_folder(path: Path) -> Path:
    if (path / MANIFEST).is_file():
        return path
    if (path / "checkpoints" / "best" / MANIFEST).is_file():
        return path / "checkpoints" / "best"
    folds = sorted(folder.parent.parent.name for folder in path.glob(f"checkpoints/*/best/{MANIFEST}"))
    if folds:
        raise DataError(
            f"{path} has a model a fold ({', '.join(folds)}); name one: {path / 'checkpoints' / folds[0] / 'best'}"
        )
    raise DataError(f"{path} is neither a run folder nor a checkpoint: it holds no {MANIFEST}")
