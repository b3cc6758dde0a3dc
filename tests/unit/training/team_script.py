"""What every process of a team runs: some tiny trainings, one of them stopped at several places and resumed."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from fusionkit.errors import StoppedError
from fusionkit.interfaces import Features, Stage
from fusionkit.training import fit as trainer
from fusionkit.training.branch import Branch
from fusionkit.training.safekeeping import Safekeeping
from fusionkit.training.state_store import StateStore
from fusionkit.training.team import Team, join_team
from tests.unit.training.conftest import part, training
from tests.unit.training.stopping import NEVER, StopAt

CASES: dict[str, dict[str, Any]] = {
    "samples": {},
    "weights": {"loss_mean": "weights"},
    "lost": {"branch_drop_rate": 0.5},
    "own": {"branch_loss": 0.5},
}


class Body(nn.Module):
    def __init__(self, dropout: bool) -> None:
        super().__init__()
        self.layer = nn.Linear(5, 6)
        self.more = nn.Sequential(nn.BatchNorm1d(6), nn.Dropout(0.3)) if dropout else nn.Identity()

    def forward(self, view: Tensor) -> Features:
        vector = self.more(torch.tanh(self.layer(view)))
        return Features(vector[:, None], vector)


def train(
    name: str, team: Team, keep: Safekeeping | None = None, *, dropout: bool = False, **more: Any
) -> tuple[dict[str, Tensor], list[dict[str, Any]]]:
    """Train two branches together, and then a head on what they give."""
    rng = np.random.default_rng(3)
    views = [rng.normal(size=(40, 5)).astype(np.float32) for _ in range(2)]
    targets = (views[0][:, 0] + views[1][:, 1] > 0).astype(np.int64)
    weights = rng.uniform(0.5, 2, size=31).astype(np.float32)
    torch.manual_seed(0)
    bodies = nn.ModuleList([Body(dropout), Body(dropout)])
    heads = nn.ModuleList([nn.Linear(12, 1), nn.Linear(12, 1), nn.Linear(6, 1), nn.Linear(6, 1), nn.Linear(3, 3)])
    model = nn.ModuleList([bodies, heads])

    def frozen(inputs: Any) -> tuple[Tensor, ...]:
        return (torch.cat([body(view).vector for body, view in zip(bodies, inputs, strict=True)], dim=1),)

    joint = (*bodies, heads[0], heads[4])  # of which the last is never used
    stages = [
        Stage("joint", joint, lambda inputs: heads[0](frozen(inputs)[0])),
        Stage("head", (heads[1],), lambda inputs: heads[1](inputs[0]), frozen),
    ]
    branches = [Branch(f"b{number}", bodies[number], heads[2 + number]) for number in range(2)]
    settings: dict[str, Any] = {"epochs": 3, "batch_size": 9, "lr": 0.01, "eps": 1e-3, "monitor": "loss"}
    settings |= {**CASES[name], **more}
    made = training(model, stages, branches=branches, keep=keep, **settings)
    made = dataclasses.replace(made, team=team)
    learn = part(*views, rows=range(31), targets=targets, weights=weights)
    check = part(*views, rows=range(31, 40), targets=targets)
    rows = trainer.fit(made, lambda _: (learn, check)).history
    state = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    return state, [{**dataclasses.asdict(row), "seconds": 0} for row in rows]


def main(folder: Path) -> None:
    with join_team() as team:
        for name in CASES:
            found = train(name, team)
            if team.leads:
                torch.save(found, folder / f"{name}.pt")
        whole = train("samples", team, dropout=True)
        same = []
        for place in (3, 7, 14):
            states = StateStore(folder / str(place), print) if team.leads else None
            # Process 1 alone is asked to stop.
            try:
                train("samples", team, Safekeeping(states, NEVER, StopAt(10**6 if team.leads else place)), dropout=True)
            except StoppedError:
                torch.manual_seed(99)
                again = train("samples", team, Safekeeping(states, NEVER), dropout=True)
                bits = all(torch.equal(again[0][key], whole[0][key]) for key in whole[0])
                same.append(bits and again[1] == whole[1])
        if team.leads:
            (folder / "resumed").write_text(" ".join(map(str, same)))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]))
