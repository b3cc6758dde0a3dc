from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.conftest import TINY, Answer

Command = Callable[..., Answer]
TWO = ("--repr", "wave,wave", "--encoder", "cnn1d")


def test_a_run_says_what_every_branch_contributes(fusionkit: Command, heart_folder: Path) -> None:
    remedies = (
        "--branch-loss",
        "0.5",
        "--branch-lr",
        "2=1e-4",
        "--branch-lr",
        "wave-cnn1d=1e-3",
        "--branch-drop",
        "0.2",
    )
    given = ("run", "--data", f"folder:{heart_folder}", *TWO, *TINY, *remedies)
    answer = fusionkit(*given, "--out", "here")
    assert answer.code == 0, answer.err
    assert "AUC alone" in answer.out
    summary = json.loads(Path("here/metrics.json").read_text(encoding="utf-8"))
    names = ["wave-cnn1d", "wave-cnn1d-2"]
    assert [row["branch"] for row in summary["branches"]] == names
    history = pd.read_csv("here/history.csv")
    for row in summary["branches"]:
        assert 0 <= row["alone"] <= 1
        assert row["gradient_norm"] == history[f"gradient_norm {row['branch']}"].iloc[-1]
    assert "What every branch contributes" in Path("here/report.html").read_text(encoding="utf-8")
    # Classifiers of single branches are neither counted nor kept.
    without = fusionkit("run", "--data", f"folder:{heart_folder}", *TWO, *TINY, "--json")
    told = json.loads(without.out)
    assert told["parameters"] == summary["parameters"]
    assert len(told["branches"]) == 2
    assert not np.isclose(history["train_loss"], pd.read_csv(Path(told["run"]) / "history.csv")["train_loss"]).all()


def test_a_branch_starts_from_a_run_of_its_own(fusionkit: Command, heart_folder: Path) -> None:
    one = ("--repr", "wave", "--encoder", "cnn1d", *TINY, "--out", "alone")
    assert fusionkit("run", "--data", f"folder:{heart_folder}", *one).code == 0
    place = Path("alone").absolute()
    given = ("run", "--data", f"folder:{heart_folder}", *TWO, *TINY, "--init-branch", "2=alone", "--seed", "1")
    leak = fusionkit(*given, "--out", "joined")
    assert leak.code == 3
    assert "leak: the initial weights have seen recordings of the test part" in leak.err
    assert not Path("joined").exists()
    answer = fusionkit(*given, "--split", "alone/split.csv", "--out", "joined")
    assert answer.code == 0, answer.err
    assert f"tensors of wave-cnn1d of {place} taken for wave-cnn1d-2" in answer.err
    assert f'init_branch = [\n    "wave-cnn1d-2={place}",\n]' in Path("joined/config.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            ("--repr", "wave", "--encoder", "cnn1d", "--branch-loss", "1"),
            "branch_loss is 1, but no stage trains several",
        ),
        ((*TWO, "--schedule", "staged", "--branch-drop", "1"), "branch_drop_rate is 1, but no stage trains several"),
        ((*TWO, "--branch-lr", "mel=1"), "branch_lr: 'mel' is no branch of the model"),
        ((*TWO, "--init-branch", "2=missing"), "is neither a run folder nor a checkpoint"),
        ((*TWO, "--init-branch", "mel=missing"), "init_branch: 'mel' is no branch of the model"),
        ((*TWO, "--branch-drop", "1.5"), "--branch-drop: option 'branch_drop_rate' is 1.5"),
    ],
)
def test_what_cannot_work_is_one_line(
    fusionkit: Command, heart_folder: Path, given: tuple[str, ...], words: str
) -> None:
    answer = fusionkit("run", "--data", f"folder:{heart_folder}", *given, *TINY, "--out", "here")
    assert answer.code in (2, 3)
    assert words in answer.err
    assert "Traceback" not in answer.err
    assert not Path("here").exists()
