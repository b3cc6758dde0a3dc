"""Killed and stopped from outside: `fusionkit run --resume` goes on to the same bits."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fusionkit import plugins
from fusionkit.cli.stop_signals import StopSignals
from fusionkit.run.lock import locked
from tests.conftest import TINY, Answer

Command = Callable[..., Answer]
PAIR = ("--repr", "wave,wave", "--encoder", "cnn1d", "--fuser", "late-attention", "--augment", "gain")
SUBJECT = ("-o", r"folder.subject=^(s\d+)_")
EPOCHS = ("--epochs", "15", "--patience", "0", "--checkpoint-every", "4")


def start(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "fusionkit", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    for _ in range(6000):
        if condition() or process.poll() is not None:
            break
        time.sleep(0.02)


def fingerprint(folder: Path) -> dict[str, str]:
    found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.safetensors")}
    found["predictions"] = (folder / "predictions.csv").read_bytes()
    return {name: hashlib.sha256(content).hexdigest() for name, content in found.items()}


@pytest.fixture
def arguments(heart_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> tuple[str, ...]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return ("run", "--data", f"folder:{heart_folder}", *PAIR, *SUBJECT, *TINY, *EPOCHS)


def test_a_killed_run_goes_on(fusionkit: Command, arguments: tuple[str, ...]) -> None:
    assert fusionkit(*arguments, "--out", "whole").code == 0
    rng = random.Random(0)
    here = Path("here")
    command: tuple[str, ...] = (*arguments, "--out", "here")
    # As soon as the run has begun, then at random moments of its training.
    conditions = [lambda: (here / "config.toml").is_file(), lambda: (here / "state" / "0").is_dir()]
    for condition in conditions:
        process = start(*command)
        wait_for(condition, process)
        time.sleep(rng.uniform(0, 0.3))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        command = ("run", "--resume", "here", "--checkpoint-every", "4")
    assert not (here / "metrics.json").exists()
    answer = fusionkit(*command, "--json")
    assert answer.code == 0, answer.err
    assert Path(json.loads(answer.out)["run"]) == here
    assert fingerprint(here) == fingerprint(Path("whole"))
    assert {path.name for path in here.iterdir()} == {path.name for path in Path("whole").iterdir()}
    again = fusionkit(*command, "--json")
    assert (again.code, again.out) == (0, answer.out)


def test_a_signal_stops_a_run_so_that_it_goes_on(fusionkit: Command, arguments: tuple[str, ...]) -> None:
    process = start(*arguments, "--out", "a place")
    wait_for(lambda: Path("a place/state/0").is_dir(), process)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate()
    assert process.returncode == 75, said
    assert said.splitlines()[-1] == "fusionkit: stopped; go on with: fusionkit run --resume 'a place'"
    assert "Traceback" not in said
    assert fusionkit("run", "--resume", "a place").code == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1])
def test_a_first_signal_raises_only_where_it_is_not_deferred(number: signal.Signals) -> None:
    with StopSignals() as signals, pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), number)
    assert signals.requested()
    seen: list[bool] = []

    def deferring(signals: StopSignals) -> None:
        with signals.deferred():
            os.kill(os.getpid(), number)
            seen.append(signals.requested())

    with StopSignals() as signals, pytest.raises(KeyboardInterrupt):
        deferring(signals)
    assert seen == [True]


def test_a_signal_while_recordings_are_read(
    fusionkit: Command, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    from fusionkit.run import audited_data

    scan = audited_data.scan

    def interrupted(*given: object, **named: object) -> object:
        os.kill(os.getpid(), signal.SIGTERM)
        return scan(*given, **named)  # type: ignore[arg-type]

    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)]
    with monkeypatch.context() as patch:
        patch.setattr(audited_data, "scan", interrupted)
        answer = fusionkit(*arguments, "--out", "here", "--seeds", "0-2")
    assert answer.code == 75
    assert "fusionkit run --resume here/seed0 (seeds not begun: 1, 2)" in answer.err
    assert sorted(path.name for path in Path("here/seed0").iterdir()) == ["config.toml", "environment.json"]
    assert before == [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)]

    # A resume that is stopped while it imports tells the same.
    registry = plugins.build_registry

    def slow() -> object:
        os.kill(os.getpid(), signal.SIGTERM)
        return registry()

    with monkeypatch.context() as patch:
        patch.setattr(plugins, "build_registry", slow)
        answer = fusionkit("run", "--resume", "here/seed0")
    assert answer.code == 75
    assert answer.err == "fusionkit: stopped; go on with: fusionkit run --resume here/seed0\n"
    assert before == [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)]
    assert fusionkit("run", "--resume", "here/seed0").code == 0


SECOND = """
import os, signal, time
from fusionkit.cli.stop_signals import StopSignals
with StopSignals() as signals, signals.deferred():
    for _ in range(2):
        os.kill(os.getpid(), signal.{name})
        time.sleep(0.1)
        print(signals.requested(), flush=True)
"""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_second_signal_ends_at_once(name: str) -> None:
    done = subprocess.run([sys.executable, "-c", SECOND.format(name=name)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (128 + getattr(signal, name), "True\n")


def test_a_second_run_on_one_folder_is_told_who_is_there(fusionkit: Command, arguments: tuple[str, ...]) -> None:
    with locked(Path("here"), print):
        for command in ((*arguments, "--out", "here"), ("run", "--resume", "here")):
            answer = fusionkit(*command)
            assert answer.code == 2
            assert f"in use by process {os.getpid()} on " in answer.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--resume", "nowhere"), "nothing was begun there"),
        (("--resume", "x", "--epochs", "3"), "leave out --epochs"),
        (("--resume", "x", "--out", "y"), "leave out --out"),
        (("--resume", "x", "--data", "demo-pcg"), "leave out --data"),
        (("--resume", "x", "--checkpoint-every", "often"), "expected steps, as 100, or a time, as 90s or 5min"),
        (("--checkpoint-every", "0"), "--checkpoint-every '0'"),
        (("--checkpoint-every", "1.5"), "--checkpoint-every '1.5'"),
        (("--allow-different-env",), "goes with --resume only"),
    ],
)
def test_a_wrong_request_is_one_line(fusionkit: Command, arguments: tuple[str, ...], words: str) -> None:
    answer = fusionkit("run", *arguments)
    assert answer.code == 2
    assert words in answer.err
    assert len(answer.err.splitlines()) == 1
