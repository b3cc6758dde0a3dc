"""A tiny training that the campaigns disturb: its recordings, its command, its start in a process of its own.

A campaign imports torch once and forks every run, so that hundreds of runs are affordable. What a fork runs is the
command line itself, in a session of its own, so that it can be killed as a process group.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from fusionkit.run.failures import resume_command
from tests.faults.launched import Run

MODEL = ("--repr", "wave,wave", "--encoder", "cnn1d", "--fuser", "late-attention", "--augment", "gain")
SIZES = ("-o", r"folder.subject=^(s\d+)_", "-o", "cnn1d.channels=4,8", "-o", "cnn1d.embed_dim=8", "--device", "cpu")
RATE = ("--lr-schedule", "plateau", "--patience", "0")
STEPS = ("--epochs", "34", "--batch-size", "8", "--checkpoint-every", "10")
"""306 steps in three stages."""
SHORT = ("--epochs", "2", "--batch-size", "8", "--checkpoint-every", "4")


@dataclass(frozen=True)
class Scene:
    """A folder with recordings and a cache, in which runs are started.

    Parameters
    ----------
    root : Path
        The folder.
    """

    root: Path

    def command(self, *settings: str) -> tuple[str, ...]:
        """Return the arguments of a run without its folder."""
        return ("run", "--data", f"folder:{self.root / 'recordings'}", *MODEL, *SIZES, *RATE, *settings)

    def go(self, place: Path, *settings: str) -> tuple[str, ...]:
        """Return what a user would do: resume what was begun, else begin it."""
        if (place / "config.toml").is_file():
            every = [settings[k : k + 2] for k in range(len(settings)) if settings[k] == "--checkpoint-every"]
            return ("run", "--resume", str(place), *(every[0] if every else ()))
        return (*self.command(*settings), "--out", str(place))

    def whole(self, *settings: str, name: str = "whole") -> dict[str, str]:
        """Return the fingerprint of a run that nobody disturbed."""
        ended = Run(self.go(self.root / name, *settings), self.root / f"{name}.log").end()
        if ended.code != 0:
            raise RuntimeError(f"the undisturbed run failed: {ended.said}")
        return fingerprint(self.root / name)


@contextlib.contextmanager
def scene() -> Iterator[Scene]:
    """Make a scene that goes away at the end; files for temporary use lie on another file system where there is one."""
    with tempfile.TemporaryDirectory(prefix="faults-") as home, contextlib.ExitStack() as stack:
        root = Path(home)
        elsewhere = Path("/dev/shm")
        if elsewhere.is_dir():
            os.environ["TMPDIR"] = stack.enter_context(tempfile.TemporaryDirectory(prefix="faults-", dir=elsewhere))
        os.environ["OMP_NUM_THREADS"] = "1"
        os.environ["FUSIONKIT_CACHE"] = str(root / "cache")
        write_recordings(root / "recordings")
        yield Scene(root)
        os.environ.pop("TMPDIR", None)


def write_recordings(folder: Path, count: int = 24) -> None:
    """Write a folder a class, two recordings a subject, 1 s at 500 Hz: low tones and high tones in noise."""
    rng = np.random.default_rng(0)
    for number in range(count):
        label, tone = ("high", 90.0) if number % 2 else ("low", 30.0)
        moment = np.arange(500) / 500
        signal_ = 0.3 * np.sin(2 * np.pi * tone * moment + rng.uniform(0, 6)) + 0.05 * rng.normal(size=500)
        path = folder / label / f"s{number // 2:02d}_{number}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, signal_.astype(np.float32), 500, subtype="FLOAT")


def fingerprint(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of weights and predictions, and the figures of a run but for its times."""
    found = {str(path.relative_to(folder)): _sha256(path) for path in sorted(folder.rglob("*.safetensors"))}
    with (folder / "history.csv").open(newline="") as file:
        history = [{**row, "seconds": ""} for row in csv.DictReader(file)]
    metrics = json.loads((folder / "metrics.json").read_text()) | {"seconds": 0}
    return found | {
        "predictions": _sha256(folder / "predictions.csv"),
        "split": _sha256(folder / "split.csv"),
        "history": json.dumps(history),
        "metrics": json.dumps(metrics, sort_keys=True),
        "files": " ".join(sorted(path.name for path in folder.iterdir())),
    }


def differences(place: Path, whole: dict[str, str]) -> str:
    """Return in what a finished run differs from the undisturbed one; empty where it does not."""
    try:
        found = fingerprint(place)
    except (OSError, ValueError) as error:
        return f"unreadable: {error}"
    return ", ".join(name for name in {**whole, **found} if whole.get(name) != found.get(name))


def stopped_line(place: Path) -> str:
    """Return the last line of a run that was stopped."""
    return f"fusionkit: stopped; go on with: {resume_command(place)}"


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
