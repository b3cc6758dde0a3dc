from __future__ import annotations

import errno
import fcntl
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from fusionkit.errors import ResourceError, UsageError
from fusionkit.run.lock import NAME, locked, owner

HOST = socket.gethostname()
HOLD = """
import sys, time
from pathlib import Path
from fusionkit.run.lock import locked
with locked(Path(sys.argv[1]), print):
    print("held", flush=True)
    time.sleep(60)
"""


def quiet(text: str) -> None:
    raise AssertionError(text)


def test_a_second_command_is_refused_and_told_who_is_there(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "runs"
    assert owner(folder) == ""
    with locked(folder, quiet):
        assert owner(folder) == f"process {os.getpid()} on {HOST}"
        with pytest.raises(UsageError, match=f"is in use by process {os.getpid()} on {HOST}"), locked(folder, quiet):
            pass
        assert (folder / NAME).read_text(encoding="utf-8").split() == [str(os.getpid()), HOST]
    assert list(folder.iterdir()) == []


def test_a_lock_is_given_back_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), locked(tmp_path, quiet):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_the_lock_of_another_process_holds_until_it_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(UsageError, match=f"in use by process {process.pid} on {HOST}"), locked(tmp_path, quiet):
            pass
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert (tmp_path / NAME).is_file()
    assert owner(tmp_path) == ""
    with locked(tmp_path, quiet):
        assert (tmp_path / NAME).read_text(encoding="utf-8").split() == [str(os.getpid()), HOST]


@pytest.mark.parametrize(
    "text",
    ["1 another.computer", "", "12", f"{os.getpid()} {HOST}\n" * 9],
    ids=["another computer", "empty", "no computer", "many lines"],
)
def test_what_a_file_says_locks_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / NAME).write_text(text, encoding="utf-8")
    with locked(tmp_path, quiet):
        assert (tmp_path / NAME).read_text(encoding="utf-8") == f"{os.getpid()} {HOST}\n"


def test_a_file_in_the_place_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "runs").touch()
    with pytest.raises(UsageError, match="runs is a file"), locked(tmp_path / "runs", quiet):
        pass


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *given: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(ResourceError, match="cannot be written: Permission denied"), locked(tmp_path, quiet):
        pass


def test_a_file_system_without_locks_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(descriptor: int, how: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    notes: list[str] = []
    monkeypatch.setattr(fcntl, "flock", unsupported)
    with locked(tmp_path, notes.append):
        assert len(notes) == 1
    assert "No locks available" in notes[0]
