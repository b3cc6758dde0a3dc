"""Encoders that start from those of finished runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from fusionkit.config.run_config import RunConfig
from fusionkit.errors import UsageError
from fusionkit.interfaces import SignalSpec
from fusionkit.model.branch_values import branch_values
from fusionkit.model.settings import BranchSettings, branch_names
from fusionkit.option_types import format_value
from fusionkit.registry import Registry
from fusionkit.run.saved_model import SavedModel, load_model


@dataclass(frozen=True)
class BranchSource:
    """What one branch starts from.

    Parameters
    ----------
    branch : str
        Name of the branch.
    tensors : dict of str to Tensor
        Weights and buffers of its encoder, under their names in the model.
    origin : str
        Where they come from, for a note.
    """

    branch: str
    tensors: dict[str, Tensor]
    origin: str

    def start(self, model: nn.Module) -> str:
        """Copy the tensors into a model and return a line that says so."""
        model.load_state_dict(self.tensors, strict=False)
        return f"init_branch: {len(self.tensors)} tensors of {self.origin} taken for {self.branch}"


def branch_sources(config: RunConfig, registry: Registry, signal: SignalSpec) -> list[BranchSource]:
    """Return what branches start from.

    Parameters
    ----------
    config : RunConfig
        Names branches and runs.
    registry : Registry
        The installed components.
    signal : SignalSpec
        The windows that the model reads.

    Raises
    ------
    UsageError
        If a run has several branches and none of that name, or representation, encoder, their options or the signal
        are others than here.
    DataError
        If there is no model.
    IntegrityError
        If the model is not what was written.
    """
    names = branch_names(config.branches)
    sources = []
    for name, place in branch_values(config.training.init_branch, names, "init_branch").items():
        run = Path(place)
        saved = load_model(run, registry)
        origin = _origin(saved, name, run)
        here = _described(config.branches[names.index(name)], signal)
        there = _described(saved.config.branches[saved.model.branch_names.index(origin)], saved.model.signal)
        for what in {**here, **there}:
            if here.get(what) != there.get(what):
                found, expected = format_value(here.get(what)), format_value(there.get(what))
                raise UsageError(
                    f"init_branch: branch {name!r} has {what} {found}, but {origin!r} of {run} was trained with "
                    f"{expected}; make them equal, or train that branch anew"
                )
        encoder = saved.model.encoders[saved.model.branch_names.index(origin)]
        before = f"encoders.{names.index(name)}."
        tensors = {f"{before}{key}": tensor for key, tensor in encoder.state_dict().items()}
        sources.append(BranchSource(name, tensors, f"{origin} of {run}"))
    return sources


def _origin(saved: SavedModel, name: str, run: Path) -> str:
    names = saved.model.branch_names
    if len(names) == 1:
        return names[0]
    if name not in names:
        raise UsageError(f"init_branch: {run} has no branch {name!r}; its branches: {', '.join(names)}")
    return name


def _described(branch: BranchSettings, signal: SignalSpec) -> dict[str, Any]:
    def options(part: str, values: Mapping[str, Any]) -> dict[str, Any]:
        return {f"{part} option {option}": value for option, value in values.items()}

    return {
        "signal": str(signal),
        "representation": branch.representation,
        "encoder": branch.encoder,
        **options("representation", branch.representation_options),
        **options("encoder", branch.encoder_options),
    }
