"""A crash at any call of a save leaves the state before or the new one, and never neither."""

from __future__ import annotations

import errno
import itertools
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from fusionkit.errors import ResourceError
from fusionkit.training.state_store import StateStore

CALLS = ("open", "fsync", "close", "replace", "mkdir", "unlink", "rmdir", "scandir")

KILL = """
import json, os, sys
from pathlib import Path
import torch
from fusionkit.training.state_store import StateStore

def counted(name, whole, place, fatal):
    def call(*given, **named):
        place[0] += 1
        if place[0] == fatal:
            os._exit(9)
        return whole(*given, **named)
    return call

def save(folder, fatal):
    place = [0]
    for name in sys.argv[2].split(","):
        setattr(os, name, counted(name, getattr(os, name), place, fatal))
    StateStore(folder, print).save({"weight": torch.full((4,), 4.0)}, {"number": 4})

told = []
for fatal in range(1, 1000):
    folder = Path(sys.argv[1]) / str(fatal)
    store = StateStore(folder, print)
    for number in (1, 2, 3):
        store.save({"weight": torch.full((4,), float(number))}, {"number": number})
    child = os.fork()
    if child == 0:
        save(folder, fatal)
        os._exit(0)
    killed = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    tensors, state = store.newest()
    told.append([killed, state["number"], float(tensors["weight"][0])])
    store.save({"weight": torch.full((4,), 5.0)}, {"number": 5})
    assert store.newest()[1]["number"] == 5
    assert len(list(folder.iterdir())) == 2, list(folder.iterdir())
    if killed == 0:
        break
print(json.dumps(told))
"""


def numbered(store: StateStore, number: int) -> None:
    store.save({"weight": torch.full((4,), float(number))}, {"number": number})


def newest(store: StateStore) -> int:
    found = store.newest()
    assert found is not None
    tensors, state = found
    assert float(tensors["weight"][0]) == state["number"]
    return int(state["number"])


def refuse(text: str) -> None:
    raise AssertionError(text)


def test_the_last_two_are_kept(tmp_path: Path) -> None:
    store = StateStore(tmp_path / "deep" / "er", refuse)
    assert store.newest() is None
    for number in range(1, 13):
        numbered(store, number)
        assert newest(store) == number
        assert len(list(store.folder.iterdir())) == min(number, 2)


def test_an_incomplete_state_is_passed_over_in_silence(tmp_path: Path) -> None:
    store = StateStore(tmp_path, refuse)
    numbered(store, 1)
    (tmp_path / "000002").mkdir()
    (tmp_path / "000002" / ".inprogress-1-manifest.json").write_text("{")
    assert newest(store) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["000001"]


def test_where_none_is_valid_the_training_begins_anew(tmp_path: Path) -> None:
    notes: list[str] = []
    store = StateStore(tmp_path, notes.append)
    numbered(store, 1)
    numbered(store, 2)
    for path in tmp_path.glob("*/manifest.json"):
        path.write_text("{")
    assert store.newest() is None
    assert "begins anew" in notes[-1]
    numbered(store, 3)
    assert newest(store) == 3


def test_a_kill_at_every_call(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILL, str(tmp_path), ",".join(CALLS)]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
    assert len(told) > 15
    assert [killed for killed, _, _ in told] == [9] * (len(told) - 1) + [0]
    assert all(number in (3, 4) and weight == number for _, number, weight in told)
    numbers = [number for _, number, _ in told]
    assert numbers == sorted(numbers)  # from one call on it is the new one
    assert set(numbers) == {3, 4}


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
def test_an_error_at_every_call(tmp_path: Path, code: int) -> None:
    told: list[str] = []
    for fatal in itertools.count(1):
        store = StateStore(tmp_path / str(fatal), refuse)
        for number in (1, 2, 3):
            numbered(store, number)
        place = 0

        def counted(whole: Any, fatal: int = fatal) -> Any:
            def call(*given: Any, **named: Any) -> Any:
                nonlocal place
                place += 1
                if place == fatal:
                    raise OSError(code, os.strerror(code), str(given[0]))
                return whole(*given, **named)

            return call

        with pytest.MonkeyPatch.context() as patch:
            for name in CALLS:
                patch.setattr(os, name, counted(getattr(os, name)))
            try:
                numbered(store, 4)
            except ResourceError as error:
                told.append(str(error))
        assert newest(store) in (3, 4)
        numbered(store, 5)
        assert newest(store) == 5
        assert len(list(store.folder.iterdir())) == 2
        if place < fatal:
            break
    assert len(told) >= 8
    for line in told:
        assert re.search(rf"cannot write the checkpoint {tmp_path}/\d+/000004: {os.strerror(code)}; .* \d+ bytes", line)
