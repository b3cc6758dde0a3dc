from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from statistics import fmean, median
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file
from scipy.special import softmax

from fusionkit.config.resolve import resolve
from fusionkit.config.toml import from_tables
from fusionkit.interfaces import SignalSpec, Task
from fusionkit.model.assemble import assemble
from fusionkit.model.seeding import own_randomness
from fusionkit.plugins import build_registry
from fusionkit.run.saved_model import save_model
from tests.conftest import TINY, Answer

Command = Callable[..., Answer]
SUBJECT = ("-o", r"folder.subject=^(s\d+)_")
LATE = ("--repr", "wave,wave", "--encoder", "cnn1d", "--fuser", "late-attention")


def weights(checkpoint: Path) -> np.ndarray:
    (file,) = checkpoint.glob("*.safetensors")
    return load_file(file)["fuser.scores.weight"].astype(np.float64)


def checkpoint(place: Path, seed: int, branches: int = 2, fuser: str = "late_attention") -> Path:
    """Save an untrained model, whose attention is drawn at random, and return its folder."""
    registry = build_registry()[0]
    branch = {"representation": "wave", "encoder": "cnn1d", "encoder_options": {"channels": (4,), "embed_dim": 4}}
    joined = {"name": fuser, "options": {"init": "normal"} if fuser == "late_attention" else {}}
    config = resolve(from_tables({"branches": [branch] * branches, "fuser": joined}), registry)
    with own_randomness(seed):
        model = assemble(registry, SignalSpec(1, 100, 100.0), config.branches, config.fuser, 1)
    save_model(place, model, Task("binary", ("high", "low"), 1), config)
    return place


@pytest.fixture
def runs(tmp_path: Path) -> list[Path]:
    """Return three models that differ in their weights only."""
    return [checkpoint(tmp_path / f"seed{seed}", seed) for seed in range(3)]


@pytest.mark.parametrize(("over", "axis"), [("branch", 1), ("class", 0)])
def test_median_and_mean_absolute_deviation_over_repeats(
    fusionkit: Command, runs: list[Path], over: str, axis: int
) -> None:
    answer = fusionkit("attention", *runs, "--over", over, "--out", "table.csv", "--figure", "bars.svg", "--json")
    assert answer.code == 0, answer.err
    single = [softmax(weights(run), axis=axis) for run in runs]
    table = pd.read_csv("table.csv")
    told = json.loads(answer.out)["attention"]
    assert len(table) == len(told) == 4
    for number, (row, line) in enumerate(zip(table.to_dict("records"), told, strict=True)):
        values = [float(matrix[number // 2, number % 2]) for matrix in single]
        centre = median(values)
        deviation = fmean(abs(value - centre) for value in values)
        for found in (row, line):
            assert (found["class"], found["branch"]) == (
                ("high", "low")[number // 2],
                ("wave-cnn1d", "wave-cnn1d-2")[number % 2],
            )
            assert found["runs"] == 3
            assert found["median"] == pytest.approx(centre, abs=1e-6)
            assert found["deviation"] == pytest.approx(deviation, abs=1e-6)
    root = ElementTree.fromstring(Path("bars.svg").read_text(encoding="utf-8"))
    texts = {"".join(node.itertext()).strip() for node in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"high", "low", "wave-cnn1d", "wave-cnn1d-2"} <= texts


def test_one_run_is_printed_without_a_deviation(fusionkit: Command, runs: list[Path]) -> None:
    answer = fusionkit("attention", runs[0])
    assert answer.code == 0, answer.err
    expected = softmax(weights(runs[0]), axis=1)
    assert [float(line.split()[1]) for line in answer.out.splitlines()[1:3]] == pytest.approx(expected[:, 0], abs=5e-4)
    assert "±" not in answer.out
    assert "±" in fusionkit("attention", *runs).out


def test_folds_are_repeats(fusionkit: Command, heart_folder: Path) -> None:
    run = ("run", "--data", f"folder:{heart_folder}", *LATE, *SUBJECT, *TINY, "--epochs", 1)
    assert fusionkit(*run, "--split", "k-fold", "--folds", 3, "--out", "folds").code == 0
    answer = fusionkit("attention", "folds", "--json")
    assert answer.code == 0, answer.err
    found = json.loads(answer.out)
    assert {row["runs"] for row in found["attention"]} == {3}
    assert sorted(Path(name).parent.name for name in found["runs"]) == ["0", "1", "2"]


def test_runs_that_do_not_go_together(fusionkit: Command, runs: list[Path], tmp_path: Path) -> None:
    answer = fusionkit("attention", checkpoint(tmp_path / "concat", 0, fuser="concat"))
    assert (answer.code, "has no attention to branches" in answer.err) == (2, True)
    answer = fusionkit("attention", runs[0], checkpoint(tmp_path / "three", 0, branches=3))
    assert (answer.code, "give runs of one model" in answer.err) == (3, True)


def test_a_model_that_several_paths_lead_to_counts_once(fusionkit: Command, runs: list[Path], tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(runs[0])
    checkpoint(tmp_path / "folder" / "checkpoints" / "best", 9)
    paths = [*runs, runs[0], tmp_path / "link", runs[1] / ".." / runs[1].name]
    paths += [tmp_path / "folder", tmp_path / "folder" / "checkpoints" / "best"]
    answer = fusionkit("attention", *paths, "--json")
    assert answer.code == 0, answer.err
    found = json.loads(answer.out)
    assert list(found["runs"]) == [*map(str, runs), str(tmp_path / "folder")]
    assert {row["runs"] for row in found["attention"]} == {4}
