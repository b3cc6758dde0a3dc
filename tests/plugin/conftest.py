import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Finished:
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture(scope="session")
def environment() -> Callable[..., dict[str, str]]:
    """Return the environment of a process that finds fusionkit and what is installed in some folders."""

    def make(*folders: Path) -> dict[str, str]:
        given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
        paths = [*map(str, folders), str(ROOT), *filter(None, given)]
        return os.environ | {"PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1", "COLUMNS": "400"}

    return make


@pytest.fixture(scope="session")
def fusionkit(environment) -> Callable[..., Finished]:
    """Run the command line in a process of its own, with what is installed in a folder."""

    def run(folder: Path, *arguments: str) -> Finished:
        command = [sys.executable, "-m", "fusionkit", *arguments]
        done = subprocess.run(command, env=environment(folder), cwd=folder, capture_output=True, text=True, check=False)
        assert "Traceback" not in done.stderr, done.stderr
        return Finished(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture(scope="session")
def install() -> Callable[..., None]:
    """Lay a distribution into a folder as an installer would: modules, metadata and one entry point."""

    def lay(folder: Path, name: str, source: str | None, *, value: str | None = None, metadata: bool = True) -> None:
        if source is not None:
            (folder / f"{name}.py").write_text(source)
        info = folder / f"{name}-1.2.dist-info"
        info.mkdir()
        if metadata:
            (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text(f"[fusionkit]\n{name}_entry = {value or name}\n")

    return lay
