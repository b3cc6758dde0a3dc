from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import TINY, Answer

Command = Callable[..., Answer]
ONE = ("--repr", "wave", "--encoder", "cnn1d")
SUBJECT = ("-o", r"folder.subject=^(s\d+)_")


def test_a_run_leaves_its_folder_and_prints_one_json_object(
    fusionkit: Command, heart_folder: Path, tmp_path: Path
) -> None:
    answer = fusionkit("run", "--data", f"folder:{heart_folder}", *ONE, *SUBJECT, *TINY, "--out", "here", "--json")
    assert answer.code == 0, answer.err
    result = json.loads(answer.out)
    assert Path(result["run"]) == Path("here")
    assert set(result["metrics"]) == {"train", "validation", "test"}
    assert result["epochs"] == 2
    assert result["seconds"] > 0
    assert result["parameters"]["total"] > result["parameters"]["trainable"] > 0
    folder = tmp_path / "here"
    expected = {"config.toml", "split.csv", "predictions.csv", "metrics.json", "history.csv", "environment.json"}
    assert {path.name for path in folder.iterdir()} == expected | {"report.html", "checkpoints", "recordings.sha256"}
    assert {path.name for path in (folder / "checkpoints").iterdir()} == {"best", "last"}


def test_no_subject_stands_in_two_parts(fusionkit: Command, heart_folder: Path, tmp_path: Path) -> None:
    answer = fusionkit("run", "--data", f"folder:{heart_folder}", *ONE, *SUBJECT, *TINY, "--out", "here")
    assert answer.code == 0, answer.err
    split = pd.read_csv(tmp_path / "here" / "split.csv", comment="#")
    assert len(split) == 24
    assert (split.groupby("subject")["split"].nunique() == 1).all()
    assert set(split["split"]) == {"train", "validation", "test"}


def test_without_subjects_the_result_says_so(fusionkit: Command, heart_folder: Path) -> None:
    answer = fusionkit("run", "--data", f"folder:{heart_folder}", *ONE, *TINY, "--out", "here")
    assert answer.code == 0
    assert "record-wise: subject leakage not excluded" in answer.out
    assert "record-wise: subject leakage not excluded" in Path("here/report.html").read_text(encoding="utf-8")


def test_the_saved_configuration_runs_again_to_the_same_predictions(fusionkit: Command, heart_folder: Path) -> None:
    first = fusionkit("run", "--data", f"folder:{heart_folder}", *ONE, *SUBJECT, *TINY, "--seed", 3, "--out", "a")
    again = fusionkit("run", "--config", "a/config.toml", "--out", "b")
    assert (first.code, again.code) == (0, 0), again.err
    assert Path("a/predictions.csv").read_bytes() == Path("b/predictions.csv").read_bytes()


def test_a_warm_cache_changes_nothing(fusionkit: Command, heart_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = ("run", "--data", f"folder:{heart_folder}", *ONE, *SUBJECT, *TINY)
    assert fusionkit(*run, "--out", "cold").code == 0
    assert fusionkit(*run, "--out", "warm").code == 0
    monkeypatch.setenv("FUSIONKIT_CACHE", "elsewhere")
    assert fusionkit(*run, "--out", "other").code == 0
    cold, warm, other = (Path(name, "predictions.csv").read_bytes() for name in ("cold", "warm", "other"))
    assert cold == warm == other


def test_flags_override_the_file_and_the_file_the_preset(fusionkit: Command, heart_folder: Path) -> None:
    Path("run.toml").write_text('[training]\nlr = 0.5\nepochs = 7\n[fuser]\nname = "sum"\n', encoding="utf-8")
    answer = fusionkit(
        *("run", "--preset", "demo-pcg", "--config", "run.toml", "--data", f"folder:{heart_folder}", *SUBJECT),
        *("--epochs", 1, "--out", "here", "-o", "vit.depth=1", "-o", "vit.embed_dim=8", "--batch-size", 8),
    )
    assert answer.code == 0, answer.err
    saved = tomllib.loads(Path("here/config.toml").read_text(encoding="utf-8"))
    assert (saved["training"]["lr"], saved["training"]["epochs"], saved["fuser"]["name"]) == (0.5, 1, "sum")
    assert [branch["encoder"] for branch in saved["branches"]] == ["vit", "cnn1d"]
    options = saved["branches"][0]["encoder_options"]
    assert (options["depth"], options["embed_dim"], options["num_heads"]) == (1, 8, 4)


def test_several_seeds_are_several_runs(fusionkit: Command, heart_folder: Path) -> None:
    answer = fusionkit(
        "run", "--data", f"folder:{heart_folder}", *ONE, *SUBJECT, *TINY, "--seeds", "0-1", "--out", "here", "--json"
    )
    assert answer.code == 0
    assert [Path(result["run"]).name for result in json.loads(answer.out)] == ["seed0", "seed1"]


def test_staged_and_late_attention_runs_have_their_stages(fusionkit: Command, heart_folder: Path) -> None:
    pairs = ("--repr", "wave,wave", "--encoder", "cnn1d")
    run = ("run", "--data", f"folder:{heart_folder}", *pairs, *SUBJECT, *TINY)
    assert fusionkit(*run, "--fuser", "late-attention", "--out", "late").code == 0
    assert fusionkit(*run, "--fuser", "concat", "--schedule", "staged", "--out", "staged").code == 0
    stages = {name: list(pd.read_csv(Path(name, "history.csv"))["stage"].unique()) for name in ("late", "staged")}
    branches = ["branch wave-cnn1d", "branch wave-cnn1d-2"]
    assert stages == {"late": [*branches, "attention"], "staged": [*branches, "fuser"]}


def test_one_database_at_a_time(fusionkit: Command, heart_folder: Path) -> None:
    rows = [
        f"{path},{path.parent.name},{path.name[:3]},{'ab'[int(path.name[1:3]) % 2]}"
        for path in sorted(heart_folder.rglob("*.wav"))
    ]
    Path("all.csv").write_text("path,label,subject,database\n" + "\n".join(rows) + "\n", encoding="utf-8")
    answer = fusionkit(
        *("run", "--data", "all.csv", *ONE, *TINY, "--split", "leave-one-database-out", "--out", "here", "--json"),
        *("--balance-within", "database"),
    )
    assert answer.code == 0, answer.err
    test = json.loads(answer.out)["metrics"]["test"]
    assert set(test["folds"]) == {"a", "b"}
    assert test["records"] == 24
    assert {path.name for path in Path("here/checkpoints").iterdir()} == {"a", "b"}


def test_a_dry_run_prints_the_negotiation_and_trains_nothing(fusionkit: Command, heart_folder: Path) -> None:
    answer = fusionkit(
        *("run", "--data", f"folder:{heart_folder}", *SUBJECT, "--repr", "mel,wave", "--encoder", "vit,cnn1d"),
        *("--fuser", "concat", "--dry-run", "--json"),
    )
    assert answer.code == 0, answer.err
    shown = json.loads(answer.out)
    assert [branch["name"] for branch in shown["branches"]] == ["mel-vit", "wave-cnn1d"]
    keys = {"name", "representation", "encoder", "view_shape", "num_tokens", "token_dim", "embed_dim"}
    assert set(shown["branches"][0]) == keys | {"parameters", "mult_adds"}
    assert shown["branches"][1]["view_shape"] == [1, 500]
    assert shown["fuser"]["stages"] == ["joint"]
    parts = sum(branch["parameters"] for branch in shown["branches"]) + shown["fuser"]["parameters"]
    assert shown["parameters"]["trainable"] == parts
    assert not Path("runs").exists()


def test_the_printed_result_names_every_metric_and_the_folder(fusionkit: Command, heart_folder: Path) -> None:
    answer = fusionkit("run", "--data", f"folder:{heart_folder}", *ONE, *SUBJECT, *TINY, "--out", "here")
    for word in ("accuracy", "balanced accuracy", "f1 macro", "roc auc", "average precision", "mcc", "F1 high"):
        assert word in answer.out
    assert answer.out.rstrip().endswith("here")
    assert "epoch   2" in answer.err
