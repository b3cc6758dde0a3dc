"""Several processes that train one model, against one process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from fusionkit.errors import ResourceError, StoppedError, UsageError
from fusionkit.interfaces import Stage
from fusionkit.training.batches import split_batches
from fusionkit.training.plan import plan_stages
from fusionkit.training.settings import TrainingSettings
from fusionkit.training.step_network import check_step
from fusionkit.training.team import ALONE, Team, join_team

ROOT = Path(__file__).parents[3]


def launch(script: Path, *arguments: object, size: int = 2) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(size), "--rdzv-backend", "c10d"]
    command += ["--rdzv-endpoint", "127.0.0.1:0", "--local-addr", "127.0.0.1", str(script), *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=600)


def test_two_processes_train_as_one_and_go_on_to_the_same_bits(tmp_path: Path) -> None:
    from tests.unit.training.team_script import CASES, train

    done = launch(Path(__file__).with_name("team_script.py"), tmp_path)
    assert done.returncode == 0, done.stderr
    for name in CASES:
        weights, rows = train(name, ALONE)
        found, their_rows = torch.load(tmp_path / f"{name}.pt")
        for key in weights:
            torch.testing.assert_close(found[key], weights[key], rtol=1e-4, atol=1e-5)
        for ours, theirs in zip(rows, their_rows, strict=True):
            for figure in ("train_loss", "validation_loss", "value"):
                assert theirs[figure] == pytest.approx(ours[figure], rel=1e-4, abs=1e-6)
            assert theirs["gradient_norms"] == pytest.approx(ours["gradient_norms"], rel=1e-3)
    assert (tmp_path / "resumed").read_text() == "True True True"


@pytest.mark.parametrize("size", [1, 2, 3, 4])
@pytest.mark.parametrize("count", [9, 16, 17, 19, 20])
def test_shares_hold_every_window_once_and_enough_for_batchnorm(size: int, count: int) -> None:
    order = np.random.default_rng(0).permutation(count)
    batches = list(split_batches(order, 8, size))
    shares = [[Team(rank, size).share(batch) for rank in range(size)] for batch in batches]
    assert sorted(np.concatenate([np.concatenate(parts) for parts in shares]).tolist()) == list(range(count))
    assert min(len(share) for parts in shares for share in parts) >= 2


def test_seeds_differ_by_process_and_the_first_is_that_of_one_process() -> None:
    seeds = [Team(rank, 3).seed(7) for rank in range(3)]
    assert seeds[0] == ALONE.seed(7) == 7
    assert len(set(seeds)) == 3


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"WORLD_SIZE": "2"}, "RANK is not set; start with torchrun --nproc-per-node 2"),
        ({"WORLD_SIZE": "2", "RANK": "0"}, "MASTER_ADDR is not set"),
        ({"WORLD_SIZE": "two"}, "WORLD_SIZE is 'two'; expected a number"),
    ],
)
def test_an_incomplete_environment(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], words: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match=words), join_team():
        pass


def test_without_torchrun_a_process_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with join_team() as team:
        assert team is ALONE
    assert team.command == "fusionkit"
    assert Team(3, 8, 1, 4).command == "torchrun --nnodes 2 --nproc-per-node 4 -m fusionkit"


def test_a_process_that_ends_is_told_by_process_0_alone() -> None:
    gone = "[gloo/transport/tcp/pair.cc:553] Connection closed by peer"
    with pytest.raises(ResourceError, match="another of the 2 processes has ended"), Team(0, 2).contact():
        raise RuntimeError(gone)
    with pytest.raises(StoppedError), Team(1, 2).contact():
        raise RuntimeError(gone)
    with pytest.raises(StoppedError), Team(0, 2).contact(lambda: True):
        raise RuntimeError(gone)
    for team in (ALONE, Team(0, 2)):
        with pytest.raises(RuntimeError, match="shapes differ"), team.contact():
            raise RuntimeError("shapes differ")


def planned(**settings: Any) -> list[Any]:
    model = nn.Linear(2, 1)
    stage = Stage("joint", (model,), lambda inputs: model(inputs[0]))
    return plan_stages(model, [stage], TrainingSettings(**settings))


def test_a_batch_smaller_than_the_team_is_refused() -> None:
    check_step(planned(batch_size=4), Team(0, 4))
    with pytest.raises(UsageError, match="a batch of 3 cannot be shared by 4 processes"):
        check_step(planned(batch_size=3), Team(0, 4))


@pytest.mark.skipif(shutil.which("c++") is None, reason="torch.compile needs a C++ compiler")
@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")  # of PyTorch's own code
def test_compiled_steps_are_those_of_plain_ones() -> None:
    from tests.unit.training.team_script import train

    plain, compiled = train("weights", ALONE), train("weights", ALONE, compile=True)
    for key, weight in plain[0].items():
        torch.testing.assert_close(compiled[0][key], weight, rtol=1e-4, atol=1e-5)


def test_a_compiler_that_fails_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.unit.training.team_script import train

    def broken(*given: object, **named: object) -> object:
        from torch._dynamo.exc import TorchDynamoException

        raise TorchDynamoException("No working C++ compiler found")

    monkeypatch.setattr(torch, "compile", lambda function, **named: broken)
    with pytest.raises(ResourceError, match=r"torch.compile failed: No working C\+\+ compiler"):
        train("weights", ALONE, compile=True)
