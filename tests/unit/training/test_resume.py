"""A training that was stopped goes on to the bits of one that never was."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from fusionkit.errors import IntegrityError, RunError, StoppedError
from fusionkit.interfaces import Stage
from fusionkit.training import fit as trainer
from fusionkit.training.checkpoint_every import CheckpointEvery
from fusionkit.training.fit import Trained
from fusionkit.training.safekeeping import Safekeeping
from fusionkit.training.state_store import StateStore
from fusionkit.training.training import Training
from tests.unit.training.conftest import part, training
from tests.unit.training.stopping import NEVER, StopAt

RNG = np.random.default_rng(3)
X = RNG.normal(size=(30, 5)).astype(np.float32)
Y = RNG.integers(0, 2, size=30)
TRAIN = part(X, rows=range(2, 20), targets=Y)
VALIDATION = part(X, rows=[25, 1, 22, 29, 0], targets=Y)
STEPS = CheckpointEvery(steps=3, seconds=None, epochs=False)


def two_stages(**settings: Any) -> Callable[[Safekeeping], tuple[nn.Module, Training]]:
    """Return what makes a model with dropout and BatchNorm, whose second stage learns from the frozen first."""

    def make(keep: Safekeeping) -> tuple[nn.Module, Training]:
        torch.manual_seed(0)
        body = nn.Sequential(nn.Linear(5, 6), nn.BatchNorm1d(6), nn.Dropout(0.3))
        heads = nn.ModuleList([nn.Linear(6, 1), nn.Sequential(nn.Dropout(0.3), nn.Linear(6, 1))])
        model = nn.ModuleList([body, heads])
        stages = [
            Stage("body", (body, heads[0]), lambda inputs: heads[0](body(inputs[0]))),
            Stage("head", (heads[1],), lambda inputs: heads[1](inputs[0]), lambda views: (body(views[0]),)),
        ]
        figures = {"score": lambda figure, chances, truth: float(np.abs(chances[:, 1] - 0.5).max())}
        scored = {"score_epoch": lambda epoch: {"epoch": epoch, "figure": model[1][1][1].weight.sum().item()}}
        return model, training(model, stages, keep=keep, **figures, **scored, **{"epochs": 3, "lr": 0.02, **settings})

    return make


def fit(made: tuple[nn.Module, Training]) -> tuple[dict[str, Tensor], Trained]:
    model, described = made
    found = trainer.fit(described, lambda settings: (TRAIN, VALIDATION))
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}, found


def without_times(found: Trained) -> tuple[list[dict[str, Any]], list[dict[str, object]]]:
    return [{**dataclasses.asdict(row), "seconds": 0} for row in found.history], found.scores


def alike(first: tuple[dict[str, Tensor], Trained], second: tuple[dict[str, Tensor], Trained]) -> bool:
    assert first[0].keys() == second[0].keys()
    weights = all(torch.equal(first[0][name], second[0][name]) for name in first[0])
    return weights and without_times(first[1]) == without_times(second[1])


SETTINGS: dict[str, dict[str, Any]] = {
    "adamw": {},
    "adam": {"optimizer": "adam", "selection": "last"},
    "adamax": {"optimizer": "adamax", "ties": "first"},
    "sgd": {"optimizer": "sgd"},
    "sgd without momentum": {"optimizer": "sgd", "momentum": 0.0},
    "noam": {"optimizer": "noam", "d_model": 6, "warmup_steps": 7, "weight_decay": 0.1},
    "patience": {"epochs": 9, "patience": 2, "lr": 0.3},
    "loss": {"monitor": "loss"},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_every_place_to_stop(tmp_path: Path, name: str) -> None:
    make = two_stages(**SETTINGS[name])
    whole = fit(make(Safekeeping()))
    counter = StopAt(10**6)
    fit(make(Safekeeping(None, NEVER, counter)))
    places = 10**6 - int(counter.left)
    assert places > 20  # steps, batches of validation and epochs of both stages
    for place in range(1, places + 1, 3):
        states = StateStore(tmp_path / str(place), print)
        with pytest.raises(StoppedError):
            fit(make(Safekeeping(states, NEVER, StopAt(place))))
        assert alike(fit(make(Safekeeping(states, NEVER))), whole), place


def test_many_stops_in_one_training(tmp_path: Path) -> None:
    make = two_stages(lr_schedule="plateau", epochs=14, lr=0.5)
    whole = fit(make(Safekeeping()))
    states = StateStore(tmp_path, print)
    found, stops = None, 0
    while found is None:
        with contextlib.suppress(StoppedError):
            stops += 1
            found = fit(make(Safekeeping(states, STEPS, StopAt(7))))
    assert stops > 10
    assert alike(found, whole)


@pytest.mark.parametrize("every", [STEPS, NEVER, CheckpointEvery(seconds=0.0), CheckpointEvery()])
def test_a_kill_goes_back_to_the_last_saved_state(tmp_path: Path, every: CheckpointEvery) -> None:
    """An error stands for the kill: it saves nothing."""
    make = two_stages()
    whole = fit(make(Safekeeping()))
    steps = 0

    def killed(event: object) -> None:
        nonlocal steps
        steps += 1
        if steps == fatal:
            raise KeyboardInterrupt

    for fatal in range(1, 36, 4):
        steps, states = 0, StateStore(tmp_path / str(fatal), print)
        model, described = make(Safekeeping(states, every))
        with pytest.raises(KeyboardInterrupt):
            fit((model, dataclasses.replace(described, observe=killed)))
        assert alike(fit(make(Safekeeping(states, every))), whole), fatal


def test_a_finished_training_is_not_repeated(tmp_path: Path) -> None:
    make = two_stages()
    states = StateStore(tmp_path, print)
    whole = fit(make(Safekeeping(states, NEVER)))
    model, described = make(Safekeeping(states, NEVER))

    def forbidden(event: object) -> None:
        raise AssertionError("trained again")

    again = fit((model, dataclasses.replace(described, observe=forbidden, save=forbidden)))
    assert alike(again, whole)
    assert again[1].seconds_before == pytest.approx(sum(row.seconds for row in whole[1].history))
    assert not model.training
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_the_random_numbers_of_the_caller_stay_as_they_are(tmp_path: Path) -> None:
    make = two_stages()
    states = StateStore(tmp_path, print)
    with pytest.raises(StoppedError):
        fit(make(Safekeeping(states, NEVER, StopAt(5))))
    made = make(Safekeeping(states, NEVER))
    torch.manual_seed(99)
    before = torch.get_rng_state()
    fit(made)
    assert torch.equal(before, torch.get_rng_state())


def test_a_damaged_state_falls_back_to_the_one_before(tmp_path: Path) -> None:
    make = two_stages()
    whole = fit(make(Safekeeping()))
    notes: list[str] = []
    states = StateStore(tmp_path, notes.append)
    with pytest.raises(StoppedError):
        fit(make(Safekeeping(states, STEPS, StopAt(14))))
    newest = max(tmp_path.iterdir())
    (weights,) = newest.glob("*.safetensors")
    damaged = bytearray(weights.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    weights.write_bytes(damaged)
    assert alike(fit(make(Safekeeping(states, STEPS))), whole)
    assert len(notes) == 1
    assert "hash mismatch" in notes[0]
    assert str(newest) in notes[0]


def test_a_state_of_another_model_is_refused(tmp_path: Path) -> None:
    states = StateStore(tmp_path, print)
    states.save({"model.other": torch.zeros(2)}, {"history": [], "scores": [], "place": 0, "done": True})
    with pytest.raises(IntegrityError, match="does not fit the model"):
        fit(two_stages()(Safekeeping(states)))


def test_weights_that_are_no_numbers_are_never_saved(tmp_path: Path) -> None:
    states = StateStore(tmp_path, print)
    model, described = two_stages()(Safekeeping(states, CheckpointEvery(steps=1)))
    steps = 0

    def spoil(event: object) -> None:
        nonlocal steps
        steps += 1
        if steps == 3:
            with torch.no_grad():
                model[0][0].weight[0, 0] = math.inf

    with pytest.raises(RunError, match=r"0\.0\.weight are no longer finite"):
        fit((model, dataclasses.replace(described, observe=spoil)))
    found = states.newest()
    assert found is not None
    assert found[1]["step"] == 2
