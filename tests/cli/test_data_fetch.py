from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.conftest import Answer

Command = Callable[..., Answer]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Serve an archive of MIT-BIH's form; return its address and its hash."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr("mit-bih/100.hea", "100 2 360 650000\n")
        file.writestr("mit-bih/100.dat", bytes(1000))
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "m.zip").write_bytes(stream.getvalue())
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "site")))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/m.zip", hashlib.sha256(stream.getvalue()).hexdigest()
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_fetch_prints_what_to_run_next(fusionkit: Command, archive: tuple[str, str], tmp_path: Path) -> None:
    url, digest = archive
    answer = fusionkit("data", "fetch", "mitbih", "--url", url, "--sha256", digest)
    assert answer.code == 0, answer.err
    assert "fusionkit run --data mitbih:data/mitbih" in answer.out
    assert f"{digest} (as given)" in answer.out
    assert "ODC-By" in answer.err
    assert (tmp_path / "data" / "mitbih" / "100.hea").is_file()
    again = fusionkit("data", "fetch", "mitbih", "--url", url)
    assert "is there already" in again.out


def test_fetch_as_json(fusionkit: Command, archive: tuple[str, str]) -> None:
    url, digest = archive
    answer = fusionkit("data", "fetch", "MIT-BIH".replace("-", ""), "--url", url, "--to", "here", "--json")
    told = json.loads(answer.out)
    assert told["spec"] == "mitbih:here"
    assert told["files"] == [{"url": url, "sha256": digest, "published": False}]
    assert told["already_there"] is False
    assert answer.err == ""


def test_another_hash_ends_with_5(fusionkit: Command, archive: tuple[str, str], tmp_path: Path) -> None:
    answer = fusionkit("data", "fetch", "mitbih", "--url", archive[0], "--sha256", "0" * 64)
    assert answer.code == 5
    assert answer.err.splitlines()[-1].startswith(f"fusionkit: {archive[0]} has not the SHA-256 0000")
    assert not (tmp_path / "data" / "mitbih").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("fetch", "mitbi"), 2, "did you mean 'mitbih'?"),
        (("fetch", "physionet2016", "--url", "https://x.org/a.zip"), 2, "training.zip, validation.zip"),
        (("fetch", "mitbih", "--url", "file:///a.zip"), 2, "begins with https://"),
        (("fetch", "pascal"), 6, "data/pascal.download/archive.zip"),
        (("fech",), 2, "fech"),
    ],
)
def test_what_cannot_be_fetched_is_one_line(
    fusionkit: Command, arguments: tuple[str, ...], code: int, words: str
) -> None:
    answer = fusionkit("data", *arguments)
    assert answer.code == code, answer.err
    assert words in answer.err.splitlines()[-1]
    assert "Traceback" not in answer.err


def test_what_is_fetched_can_be_read(fusionkit: Command) -> None:
    fetched = {entry["name"] for entry in json.loads(fusionkit("data", "fetch", "--json").out)}
    adapters = {entry["name"] for entry in json.loads(fusionkit("list", "datasets", "--json").out)}
    assert fetched <= adapters


def test_the_catalogue_is_listed(fusionkit: Command) -> None:
    names = {entry["name"] for entry in json.loads(fusionkit("data", "fetch", "--json").out)}
    shown = fusionkit("data", "fetch").out
    assert {"physionet2016", "mitbih", "ptbxl"} <= names
    assert all(name in shown for name in names)


@pytest.mark.parametrize("arguments", [("data", "--help"), ("data", "fetch", "--help"), ("data", "fetch")])
def test_help_and_list_need_no_torch(arguments: tuple[str, ...]) -> None:
    code = (
        f"import sys; sys.argv = ['fusionkit', *{arguments!r}]\n"
        "from fusionkit.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit as stop:\n    assert not stop.code\n"
        "heavy = {'torch', 'numpy', 'pandas', 'matplotlib', 'scipy', 'pooch', 'requests'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "fetch" in done.stdout or "mitbih" in done.stdout
