"""One run by two processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import TINY, Answer

Command = Callable[..., Answer]
PAIR = ("--repr", "wave,wave", "--encoder", "cnn1d", "--fuser", "late-attention", "-o", r"folder.subject=^(s\d+)_")
EPOCHS = ("--epochs", "12", "--patience", "0", "--checkpoint-every", "4")


def team(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--rdzv-backend", "c10d"]
    command += ["--rdzv-endpoint", "127.0.0.1:0", "--local-addr", "127.0.0.1", "-m", "fusionkit", *map(str, arguments)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def files(folder: Path) -> dict[str, bytes]:
    """Return weights and predictions."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.suffix == ".safetensors" or path.name in ("predictions.csv", "split.csv")
    }


def test_a_team_is_one_run_that_can_be_stopped(
    fusionkit: Command, heart_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ("run", "--data", f"folder:{heart_folder}", *PAIR, *TINY, *EPOCHS)
    assert fusionkit(*arguments, "--out", "one").code == 0
    whole = team(*arguments, "--out", "two", "--json")
    out, said = whole.communicate()
    assert whole.returncode == 0, said
    assert json.loads(out)["run"] == "two"  # one document: process 0 alone prints
    names = [sorted(path.name for path in Path(place).iterdir()) for place in ("one", "two")]
    assert names[0] == names[1]
    assert Path("one/split.csv").read_bytes() == Path("two/split.csv").read_bytes()
    histories = [pd.read_csv(f"{place}/history.csv") for place in ("one", "two")]
    assert histories[0][["stage", "epoch"]].equals(histories[1][["stage", "epoch"]])
    assert json.loads(Path("two/environment.json").read_text())["processes"] == 2

    stopped = team(*arguments, "--out", "here")
    deadline = time.monotonic() + 300
    while not Path("here/state/0").is_dir() and stopped.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    stopped.send_signal(signal.SIGTERM)
    _, said = stopped.communicate()
    lines = [line for line in said.splitlines() if line.startswith("fusionkit: ")]
    assert lines == ["fusionkit: stopped; go on with: torchrun --nproc-per-node 2 -m fusionkit run --resume here"], said
    assert "processes 1 instead of 2" in fusionkit("run", "--resume", "here").err
    again = team("run", "--resume", "here")
    _, said = again.communicate()
    assert again.returncode == 0, said
    assert files(Path("here")) == files(Path("two"))


def test_a_refusal_is_told_once(fusionkit: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    refused = team("run", "--data", "folder:nowhere", *TINY, "--out", "here")
    _, said = refused.communicate()
    lines = [line for line in said.splitlines() if line.startswith("fusionkit: ")]
    assert len(lines) == 1, said
    assert "nowhere" in lines[0]
    assert refused.returncode != 0
    assert not Path("here").exists()
