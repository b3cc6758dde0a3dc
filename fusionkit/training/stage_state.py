"""How far a stage of training is, as tensors and plain values that can be saved."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

from fusionkit.training.early_stopping import EarlyStopping
from fusionkit.training.optimizers import make_optimizer, make_schedule
from fusionkit.training.plan import PlannedStage

_BEST = "best."
_OPTIMIZER = "optimizer."
_GRADIENTS = "gradients"
_POSITION = ("epoch", "step", "loss", "seen")


@dataclass
class StageState:
    """A stage under way: what the next step depends on besides the model and the random numbers.

    Parameters
    ----------
    planned : PlannedStage
        The stage.
    learning : nn.Module
        All that learns.
    optimizer : Optimizer
        With its running means.
    schedule : ReduceLROnPlateau, optional
        What changes the rate after an epoch.
    stopping : EarlyStopping
        The best epoch so far.
    best : dict of str to Tensor, optional
        The weights of the best epoch so far, where the stage ends with them.
    epoch, step : int
        The epoch under way, from 1, and how many of its steps are done.
    loss, seen : float, int
        Sum of the losses of the windows that this epoch has seen, and their number.
    gradients : Tensor [branch]
        Sum over the steps of this epoch of the squared gradient norm of every branch that learns.
    started : float
        When the epoch began, by `time.perf_counter`.
    """

    planned: PlannedStage
    learning: nn.Module
    optimizer: torch.optim.Optimizer
    schedule: ReduceLROnPlateau | None
    stopping: EarlyStopping
    gradients: Tensor
    best: dict[str, Tensor] | None = None
    epoch: int = 1
    step: int = 0
    loss: float = 0.0
    seen: int = 0
    started: float = field(default_factory=time.perf_counter)

    def tensors(self) -> dict[str, Tensor]:
        """Return the tensors of the state by name."""
        found = {_GRADIENTS: self.gradients}
        found |= {f"{_BEST}{name}": tensor for name, tensor in (self.best or {}).items()}
        for index, values in self.optimizer.state_dict()["state"].items():
            found |= {f"{_OPTIMIZER}{index}.{name}": v for name, v in values.items() if isinstance(v, Tensor)}
        return found

    def plain(self) -> dict[str, Any]:
        """Return the rest of the state, as JSON can hold it."""
        return {
            "stage": self.planned.stage.name,
            **{name: getattr(self, name) for name in _POSITION},
            "seconds": time.perf_counter() - self.started,
            "stopping": dataclasses.asdict(self.stopping),
            "schedule": self.schedule.state_dict() if self.schedule else None,
            "optimizer": self.optimizer.state_dict()["param_groups"],
        }

    def restore(self, tensors: dict[str, Tensor], plain: dict[str, Any]) -> None:
        """Take what `tensors` and `plain` gave."""
        for name in _POSITION:
            setattr(self, name, plain[name])
        self.started = time.perf_counter() - plain["seconds"]
        self.gradients.copy_(tensors[_GRADIENTS])
        self.stopping = EarlyStopping(**plain["stopping"])
        if self.schedule:
            self.schedule.load_state_dict(plain["schedule"])
        self.best = {name.removeprefix(_BEST): t for name, t in tensors.items() if name.startswith(_BEST)} or None
        state: dict[int, dict[str, Tensor]] = {}
        for key, tensor in tensors.items():
            if key.startswith(_OPTIMIZER):
                index, _, name = key.removeprefix(_OPTIMIZER).partition(".")
                like = self.planned.parameters[int(index)]
                # In the memory layout of the parameter, as the optimiser itself makes it.
                laid = torch.empty_like(like).copy_(tensor) if tensor.shape == like.shape else tensor
                state.setdefault(int(index), {})[name] = laid
        groups = [{**group, **_pairs(group)} for group in plain["optimizer"]]
        self.optimizer.load_state_dict({"state": state, "param_groups": groups})


def new_stage(planned: PlannedStage) -> StageState:
    """Return the state of a stage before its first step."""
    settings = planned.settings
    groups = [{"params": group, "lr": rate} for rate, group in planned.groups]
    optimizer = make_optimizer(groups, settings)
    stopping = EarlyStopping(settings.monitor != "loss", settings.patience, settings.ties == "first")
    learning = nn.ModuleList(planned.stage.modules)
    device = planned.parameters[0].device
    gradients = torch.zeros(len(planned.learning_branches), dtype=torch.float64, device=device)
    return StageState(planned, learning, optimizer, make_schedule(optimizer, settings), stopping, gradients)


def _pairs(group: dict[str, Any]) -> dict[str, Any]:
    """Return the settings that are tuples, which JSON turned into lists."""
    return {name: tuple(value) for name, value in group.items() if name != "params" and isinstance(value, list)}
