from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from fusionkit.errors import UsageError
from fusionkit.reproduce.lock import NAME, locked

HOST = socket.gethostname()


def test_a_second_command_is_refused_and_told_who_is_there(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "runs"
    with locked(folder):
        with pytest.raises(UsageError, match=f"is in use by process {os.getpid()} on {HOST}"), locked(folder):
            pass
        assert (folder / NAME).is_file()
    assert list(folder.iterdir()) == []


def test_a_lock_is_given_back_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), locked(tmp_path):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_the_lock_of_a_process_that_died_is_taken_over(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    (tmp_path / NAME).write_text(f"{process.pid} {HOST}\n", encoding="utf-8")
    with locked(tmp_path):
        assert (tmp_path / NAME).read_text(encoding="utf-8").split() == [str(os.getpid()), HOST]


@pytest.mark.parametrize("owner", ["1 another.computer", "", "12"])
def test_a_lock_whose_owner_cannot_be_asked_stays(tmp_path: Path, owner: str) -> None:
    (tmp_path / NAME).write_text(owner, encoding="utf-8")
    with pytest.raises(UsageError, match=r"remove .* where it has"), locked(tmp_path):
        pass
    assert (tmp_path / NAME).read_text(encoding="utf-8") == owner


def test_a_file_in_the_place_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "runs").touch()
    with pytest.raises(UsageError, match="runs is a file"), locked(tmp_path / "runs"):
        pass
