"""When the state of a training is saved, what it holds, and how a training goes on from it."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

import torch
from torch import Tensor

from fusionkit.errors import IntegrityError, RunError, StoppedError
from fusionkit.training.progress import EpochDone
from fusionkit.training.stage_state import StageState
from fusionkit.training.training import Training

_MODEL = "model."
_RANDOM = "random."
_SHARE = 10  # an epoch's end is saved when the last save took less than one part in so many of the time since


class Checkpoints:
    """Saves the state of a training when it is due, or when somebody asks the training to stop.

    Parameters
    ----------
    training : Training
        The training; where its `Safekeeping` names no place, nothing is saved.
    """

    def __init__(self, training: Training) -> None:
        self._training, self._keep, self._team = training, training.keep, training.team
        self.history: list[EpochDone] = []
        self.scores: list[dict[str, object]] = []
        self.resumed_at = 0
        self.done = False
        self.seconds_before = 0.0
        self._place = 0
        self._stage: StageState | None = None
        self._saved: tuple[dict[str, Tensor], dict[str, Any]] | None = None
        self._steps, self._cost, self._last = 0, 0.0, time.monotonic()

    def load(self) -> None:
        """Take model and history of the newest state, if there is one, and the place of the stage under way.

        Raises
        ------
        IntegrityError
            If the state does not fit the model.
        """
        states = self._keep.states
        found = self._team.tell(states.newest() if states else None)
        if found is None:
            return
        tensors, plain = found
        model = {name.removeprefix(_MODEL): t for name, t in tensors.items() if name.startswith(_MODEL)}
        try:
            self._training.model.load_state_dict(model)
            self.history = [EpochDone(**row) for row in plain["history"]]
            self.scores, self.resumed_at, self.done = plain["scores"], plain["place"], plain["done"]
            partial = 0.0 if self.done else float(plain["seconds"])
        except (RuntimeError, KeyError, TypeError) as error:
            fault = str(error).splitlines()[-1].strip()
            place = states.folder if states else "the saved state"
            raise IntegrityError(f"{place}: the state does not fit the model of the run: {fault}") from error
        self.seconds_before = partial + sum(row.seconds for row in self.history)
        self._saved = found

    def begin(self, place: int, stage: StageState) -> None:
        """Follow a stage from now on; the one under way when the state was saved goes on from there."""
        self._place, self._stage = place, stage
        if self._saved is None or place != self.resumed_at:
            return
        tensors, plain = self._saved
        stage.restore(tensors, plain)
        own = f"{_RANDOM}{self._team.rank}."
        if (name := f"{own}cpu") in tensors:  # a team may be larger than the one that saved the state
            torch.set_rng_state(tensors[name])
        for number in range(torch.cuda.device_count()):
            if (name := f"{own}cuda.{number}") in tensors:
                torch.cuda.set_rng_state(tensors[name], number)
        self._saved = None

    def after_step(self) -> None:
        """Save if it is time; errors as in `stop_if_asked` and `save`."""
        self._steps += 1
        every = self._keep.every
        due = every.steps is not None and self._steps >= every.steps
        self._settle(due or (every.seconds is not None and time.monotonic() - self._last >= every.seconds))

    def after_epoch(self, *, last: bool) -> None:
        """Save if it is time, and always at the end of a stage; errors as in `stop_if_asked` and `save`."""
        cheap = time.monotonic() - self._last >= _SHARE * self._cost
        self._settle(last or (self._keep.every.epochs and cheap))

    def stop_if_asked(self) -> None:
        """Save and stop where the training is asked to; a team stops after a step or an epoch only.

        Raises
        ------
        StoppedError
            If it is.
        """
        if self._team.alone:
            self._settle(False)

    def _settle(self, due: bool) -> None:
        """Save if it is due in any process, and stop if any is asked to."""
        stop, due = self._team.any(self._keep.interrupt.requested(), due)
        if stop or due:
            self.save()
        if stop:
            raise StoppedError("stopped")

    def finish(self) -> None:
        """Save the weights that the training ends with."""
        self._stage, self.done = None, True
        self.save()

    def save(self) -> None:
        """Save the state as it is now.

        Raises
        ------
        RunError
            If a weight is no longer a finite number: no training could go on from that.
        ResourceError
            If the state cannot be written.
        """
        if self._keep.states is None and self._team.alone:
            return
        start = time.monotonic()
        model = self._training.model
        bad = [name for name, weight in model.named_parameters() if not bool(torch.isfinite(weight).all())]
        if bad:
            raise RunError(f"the weights {bad[0]} are no longer finite numbers; lower --lr")
        tensors = {f"{_MODEL}{name}": tensor for name, tensor in model.state_dict().items()}
        plain: dict[str, Any] = {
            "place": self._place,
            "done": self.done,
            "history": [dataclasses.asdict(row) for row in self.history],
            "scores": self.scores,
        }
        if self._stage:
            tensors |= self._stage.tensors() | self._random_states()
            plain |= self._stage.plain()
        if self._keep.states:
            self._keep.states.save(tensors, plain)
        self._steps, self._last = 0, time.monotonic()
        self._cost = self._last - start

    def _random_states(self) -> dict[str, Tensor]:
        """Return the random numbers of all processes."""
        states = {"cpu": torch.get_rng_state()}
        states |= {f"cuda.{number}": torch.cuda.get_rng_state(number) for number in range(torch.cuda.device_count())}
        teams = enumerate(self._team.collect(states))
        return {f"{_RANDOM}{rank}.{name}": state for rank, found in teams for name, state in found.items()}
