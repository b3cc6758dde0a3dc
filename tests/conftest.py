from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import numpy as np
import pytest
import soundfile
import torch

from fusionkit.cli.main import main
from fusionkit.training import memory

# The same examples in every run: a test that fails now and then tells nobody anything.
hypothesis.settings.register_profile("steady", derandomize=True, deadline=None)
hypothesis.settings.load_profile("steady")

DATA = Path(__file__).parents[2] / "shared" / "data"
TINY = ("-o", "cnn1d.channels=4,8", "-o", "cnn1d.embed_dim=8", "--epochs", "2", "--batch-size", "8", "--device", "cpu")


@dataclass(frozen=True)
class Answer:
    """What a command said."""

    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def _own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep every test away from the user's cache and from the runs of others."""
    monkeypatch.setenv("FUSIONKIT_CACHE", str(tmp_path / "cache"))
    torch.set_num_threads(1)


@pytest.fixture
def fusionkit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., Answer]:
    """Run the command line in this process, in the test's own folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(memory, "keep_freed_memory", lambda: None)  # it would hold for all tests

    def run(*arguments: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["fusionkit", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        said = capsys.readouterr()
        return Answer(int(stop.value.code or 0), said.out, said.err)

    return run


@pytest.fixture
def heart_folder(tmp_path: Path) -> Path:
    """Return a folder a class, 24 recordings of 12 subjects, 1 s at 500 Hz: low tones and high tones in noise."""
    rng = np.random.default_rng(0)
    for number in range(24):
        label, tone = ("high", 90.0) if number % 2 else ("low", 30.0)
        time = np.arange(500) / 500
        signal = 0.3 * np.sin(2 * np.pi * tone * time + rng.uniform(0, 6)) + 0.05 * rng.normal(size=500)
        path = tmp_path / "hearts" / label / f"s{number // 2:02d}_{number}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, signal.astype(np.float32), 500, subtype="FLOAT")
    return tmp_path / "hearts"


@pytest.fixture
def real_data() -> Callable[[str], Path]:
    """Return the folder of a real data set, or skip the test where it is absent."""

    def find(name: str) -> Path:
        if not (DATA / name).is_dir():
            pytest.skip(f"the real recordings {name} are not beside the project")
        return DATA / name

    return find
