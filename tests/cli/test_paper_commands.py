"""The commands that the page on the papers prints, on imitations of the data that have what adapters ask for."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from fusionkit.config.presets import preset_tables
from fusionkit.config.resolve import resolve
from fusionkit.config.toml import from_tables
from fusionkit.data import protocols
from fusionkit.interfaces import SignalSpec, Task
from fusionkit.model.assemble import assemble
from fusionkit.plugins import build_registry
from fusionkit.run.saved_model import save_model
from tests.conftest import Answer

PAGE = Path(__file__).parents[2] / "docs" / "papers.md"
BLOCKS = re.findall(r"```text\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
COMMANDS = [line for block in BLOCKS for line in block.replace("\\\n", " ").splitlines() if line]
COMMANDS = [line for line in COMMANDS if not line.startswith("fusionkit reproduce")]  # tests/cli/test_reproduce.py


def _sound(path: Path, rate: int, seed: int, channels: int = 1, seconds: float = 1.0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    signal = np.random.default_rng(seed).uniform(-0.5, 0.5, (int(rate * seconds), channels))
    soundfile.write(path, signal, rate)


def _physionet2016(root: Path) -> None:
    for letter in "ab":
        names = [f"{letter}{number:04d}" for number in range(20)]
        for number, name in enumerate(names):
            _sound(root / f"training-{letter}" / f"{name}.wav", 2000, 100 * ord(letter) + number)
        rows = "".join(f"{name},{(-1) ** number}\n" for number, name in enumerate(names))
        (root / f"training-{letter}" / "REFERENCE.csv").write_text(rows)
        sure = "".join(f"{row},1\n" for row in rows.splitlines())
        (root / f"training-{letter}" / "REFERENCE-SQI.csv").write_text(sure)
    (root / "validation").mkdir()
    (root / "validation" / "REFERENCE.csv").write_text("a0000,1\na0001,-1\nb0000,1\nb0001,-1\n")


def _pascal(root: Path) -> None:
    for letter, classes in (("a", ("artifact", "extrahls", "murmur", "normal")), ("b", ("normal", "murmur"))):
        rows = ["dataset,fname,label,sublabel"]
        for number in range(40):
            label = classes[number % len(classes)]
            name = f"{label}__{100 + number}_1306243000964_A" if letter == "b" else f"{label}__2011010{10000 + number}"
            _sound(root / f"set_{letter}" / f"{name}.wav", 4000, 1000 * ord(letter) + number)
            listed = f"Btraining_{name.replace('__', '_')}" if letter == "b" else name
            rows.append(f"{letter},set_{letter}/{listed}.wav,{label},")
        (root / f"set_{letter}.csv").write_text("\n".join(rows) + "\n")


def _heartbeat(root: Path) -> None:
    root.mkdir()
    rng = np.random.default_rng(0)
    files = {"mitbih_train.csv": [*range(5)] * 15, "mitbih_test.csv": [*range(5)] * 4}
    files |= {"ptbdb_normal.csv": [0] * 20, "ptbdb_abnormal.csv": [1] * 30}
    for name, labels in files.items():
        beats = np.column_stack([rng.uniform(0, 1, (len(labels), 187)), labels])
        np.savetxt(root / name, beats, delimiter=",")


def _hits(root: Path) -> None:
    rows = ["recording,subject,start,stop,label"]
    labels = ("artifact", "gaseous", "solid")
    for number in range(10):
        _sound(root / "recordings" / f"p{number}.wav", 5500, number, channels=2, seconds=2)
        rows += [f"p{number},s{number},{k / 2},{k / 2 + 0.25},{label}" for k, label in enumerate(labels)]
    (root / "labels.csv").write_text("\n".join(rows) + "\n")


MADE = {"physionet2016": _physionet2016, "pascal": _pascal, "heartbeat": _heartbeat, "hits": _hits}


def _trained(place: Path) -> None:
    """Save a model as a run of the preset does; its weights are not trained."""
    registry = build_registry()[0]
    tables = preset_tables(registry, "audiofuse@published")
    del tables["repeats"]
    config = resolve(from_tables(tables | {"data": tables["data"] | {"spec": "physionet2016:/elsewhere"}}), registry)
    model = assemble(registry, SignalSpec(1, 110250, 22050.0), config.branches, config.fuser, 1)
    save_model(place, model, Task("binary", ("normal", "abnormal"), 1), config)


def test_the_page_has_its_commands() -> None:
    assert len(COMMANDS) == 10
    assert all(command.startswith(("fusionkit run ", "fusionkit evaluate ")) for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_printed_command_runs(
    fusionkit: Callable[..., Answer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr(protocols, "_differences", lambda *_: [])  # imitations are smaller than what was published
    for name, make in MADE.items():
        if f"{name}:PATH" in command:
            make(tmp_path / name)
            command = command.replace(f"{name}:PATH", f"{name}:{tmp_path / name}")
    if " RUN " in command:
        _trained(tmp_path / "run")
        command = command.replace(" RUN ", f" {tmp_path / 'run'} ")
    arguments = command.split()[1:]
    if arguments[0] == "run" and "--dry-run" not in arguments:
        arguments.append("--dry-run")
    answer = fusionkit(*arguments)
    assert answer.code == 0, answer.err


@pytest.mark.parametrize("command", [command for command in COMMANDS if "--allow-leak" in command])
def test_a_leak_is_only_allowed_where_there_is_one(
    fusionkit: Callable[..., Answer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    if "heartbeat:PATH" not in command:
        pytest.skip("the leak of these data is in copies that imitations do not have")
    monkeypatch.setattr(protocols, "_differences", lambda *_: [])
    _heartbeat(tmp_path / "beats")
    arguments = command.replace("PATH", str(tmp_path / "beats")).replace(" --allow-leak", "").split()[1:]
    answer = fusionkit(*arguments, "--dry-run")
    assert answer.code == 3
    assert "beats of one person stand in several parts" in answer.err
