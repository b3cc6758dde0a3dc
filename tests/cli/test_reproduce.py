from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import soundfile

from fusionkit import plugins
from fusionkit.plugins import build_registry
from fusionkit.registry import Provider
from fusionkit.reproduce import targets
from fusionkit.reproduce.targets import FINDING_F1, Target
from fusionkit.run.lock import locked
from tests.conftest import Answer

Command = Callable[..., Answer]
SUBJECT = ("-o", r"folder.subject=^(s\d+)_", "--device", "cpu")
PUBLISHED = {"demo": {"tiny": {"accuracy": (0.75, 0.01)}, "high": {"raw": (0.3, 0.1)}}}
COLUMNS = {"accuracy": "accuracy", "F1": FINDING_F1}


def _branch(representation: str, encoder: str, **options: object) -> dict[str, Any]:
    return {"representation": representation, "encoder": encoder, "encoder_options": {"embed_dim": 8, **options}}


def _preset(fuser: str, *branches: dict[str, Any]) -> dict[str, Any]:
    return {
        "repeats": 2,
        "branches": list(branches),
        "fuser": {"name": fuser, "options": {"init": "normal"} if fuser == "late_attention" else {}},
        "training": {"epochs": 1, "batch_size": 8},
        "evaluation": {"intervals": 0},
        "variants": {"published": {}},
    }


@pytest.fixture(autouse=True)
def _tiny_papers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a paper of tiny models in the place of the real ones."""
    registry, found = build_registry()
    wave = _branch("wave", "cnn1d", channels=[4, 8])
    provider = Provider("fusionkit", "test")
    registry.register("preset", "tiny", _preset("single", wave), provider)
    both = _preset("late_attention", _branch("mel", "vit", depth=1, num_heads=2), wave)
    registry.register("preset", "tiny_both", both, provider)
    monkeypatch.setattr(plugins, "build_registry", lambda: (registry, found))
    common: dict[str, Any] = {"paper": "demo", "source": "a paper", "published": PUBLISHED, "ddof": 0}
    common |= {"published_runs": 10}
    one: dict[str, Any] = {"models": {"tiny": ("fuser",)}, "columns": COLUMNS}
    both_models: dict[str, Any] = {"models": {"tiny-both": ()}, "columns": {"mel": "mel", "raw": "raw"}}
    made = (
        Target(name="scores", kind="scores", **one, **common),
        Target(name="transfer", kind="transfer", **one, **common),
        Target(name="attention", kind="attention", **both_models, **common),
    )
    monkeypatch.setattr(targets, "TARGETS", MappingProxyType({target.name: target for target in made}))


def test_a_table_is_made_and_the_second_time_only_read(fusionkit: Command, heart_folder: Path, tmp_path: Path) -> None:
    command = ("reproduce", "scores", "--data", f"folder:{heart_folder}", *SUBJECT, "--out", "here")
    first = fusionkit(*command, "--json")
    assert first.code == 0, first.err
    assert "run 1 of 2: tiny/seed0" in first.err
    found = json.loads(first.out)
    (row,) = found["rows"]
    scores = [
        json.loads((tmp_path / "here" / "tiny" / f"seed{seed}" / "metrics.json").read_text(encoding="utf-8"))
        for seed in (0, 1)
    ]
    accuracies = [summary["metrics"]["test"]["accuracy"] for summary in scores]
    assert row["own"]["accuracy"]["value"] == pytest.approx(sum(accuracies) / 2)
    assert row["own"]["accuracy"]["spread"] == pytest.approx(abs(accuracies[0] - accuracies[1]) / 2)
    assert row["published"]["accuracy"] == {"value": 0.75, "spread": 0.01, "runs": 10, "erratum": False}
    again = fusionkit(*command)
    assert again.code == 0, again.err
    assert "2 of 2 runs are there already" in again.err
    assert "run 1 of" not in again.err
    for name in ("scores.md", "scores.csv", "scores.tex"):
        assert (tmp_path / "here" / name).is_file()
        assert f"here/{name}" in again.out

    # The same files elsewhere are the same recordings; others are not, under the same path either.
    shutil.copytree(heart_folder, tmp_path / "copy" / heart_folder.name)
    moved = [f"folder:{tmp_path / 'copy' / heart_folder.name}" if "folder:" in text else text for text in command[:4]]
    assert "2 of 2 runs are there already" in fusionkit(*moved, *command[4:]).err
    changed = next(heart_folder.rglob("*.wav"))
    samples, rate = soundfile.read(changed)
    soundfile.write(changed, samples[::-1], rate, subtype="FLOAT")
    other = fusionkit(*command)
    assert other.code == 2
    assert "seed0 holds a run of other recordings than those that --data names now" in other.err


def test_a_folder_in_use_is_refused(fusionkit: Command, heart_folder: Path, tmp_path: Path) -> None:
    command = ("reproduce", "scores", "--data", f"folder:{heart_folder}", *SUBJECT, "--out", "here")
    with locked(tmp_path / "here", print):
        answer = fusionkit(*command)
    assert answer.code == 2
    assert "is in use by process" in answer.err
    assert not (tmp_path / "here" / "tiny").exists()


def test_a_quick_table_says_so(fusionkit: Command, heart_folder: Path) -> None:
    answer = fusionkit("reproduce", "scores", "--data", f"folder:{heart_folder}", *SUBJECT, "--quick")
    assert answer.code == 0, answer.err
    assert "QUICK" in answer.out
    assert "QUICK" in Path("runs/demo-folder-quick/scores.md").read_text(encoding="utf-8")
    assert "runs a model: 1 instead of 2" in answer.out


@pytest.mark.parametrize("split", ["subject", "k-fold"])
def test_a_transfer_scores_the_other_data_before_and_after(fusionkit: Command, heart_folder: Path, split: str) -> None:
    shutil.copytree(heart_folder, "others")
    answer = fusionkit(
        *("reproduce", "transfer", "--data", f"folder:{heart_folder}", *SUBJECT, "--seeds", "0", "--json"),
        *("--data2", "folder:others", "--split2", split, "--out", "here"),
    )
    assert answer.code == 0, answer.err
    rows = json.loads(answer.out)["rows"]
    assert [row["name"] for row in rows] == [
        f"tiny, {what}, {threshold}"
        for what in ("zero-shot", "fine-tuned")
        for threshold in ("p >= 0.5", "p > 0.549", "sigmoid(p) > 0.549")
    ]
    assert all(row["own"]["accuracy"]["runs"] == 1 for row in rows)
    metrics = json.loads(Path("here/tiny-zero-shot/seed0/metrics.json").read_text(encoding="utf-8"))
    test = metrics["metrics"]["test"]
    assert rows[0]["own"]["accuracy"]["value"] == test.get("pooled", test)["accuracy"]
    assert test["records"] == (24 if split == "k-fold" else 4)


def test_attention_is_told_by_class_and_branch(fusionkit: Command, heart_folder: Path) -> None:
    answer = fusionkit("reproduce", "attention", "--data", f"folder:{heart_folder}", *SUBJECT, "--json")
    assert answer.code == 0, answer.err
    rows = {row["name"]: row["own"] for row in json.loads(answer.out)["rows"]}
    assert set(rows) == {"high", "low"}
    for own in rows.values():
        assert own["raw"]["value"] + own["spectrogram"]["value"] == pytest.approx(1)
        assert own["raw"]["spread"] == pytest.approx(own["spectrogram"]["spread"], abs=1e-6)
        assert own["raw"]["spread"] > 1e-3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("no-table", "--data", "folder:x"), "there is no table 'no-table'"),
        (("scores", "--data", "folder:x", "--epochs", "0"), "--epochs"),
        (("scores", "--data", "folder:x", "--seeds", "3-1"), "--seeds"),
        (("scores", "--data", "folder:x", "--data2", "folder:y"), "takes no --data2"),
    ],
)
def test_a_wrong_request_is_one_line(fusionkit: Command, arguments: tuple[str, ...], message: str) -> None:
    answer = fusionkit("reproduce", *arguments)
    assert answer.code == 2
    assert message in answer.err
    assert len(answer.err.splitlines()) == 1
