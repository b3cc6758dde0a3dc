from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from tests.conftest import TINY, Answer

Command = Callable[..., Answer]
ONE = ("--repr", "wave", "--encoder", "cnn1d")


def write_manifest(folder: Path, place: Path, subjects: Callable[[Path], str] | None = None) -> Path:
    """Write a manifest of a folder a class; subjects s00 to s02 are test, s03 to s05 validation."""
    files = sorted(folder.rglob("*.wav"))
    parts = ["test" if f.name < "s03" else "validation" if f.name < "s06" else "train" for f in files]
    columns = {"path": files, "label": [f.parent.name for f in files], "split": parts}
    if subjects:
        columns["subject"] = [subjects(file) for file in files]
    pd.DataFrame(columns).to_csv(place, index=False)
    return place


def shifted_copy(folder: Path) -> None:
    """Put a long recording into training, and a louder, later cut of it into the test part."""
    rng = np.random.default_rng(5)
    sound = 0.2 * np.convolve(rng.normal(size=2600), np.ones(20) / 5, mode="same")
    for name, signal in (("low/s09_long.wav", sound[:2000]), ("low/s01_cut.wav", -0.5 * sound[300:2300])):
        soundfile.write(folder / name, signal.astype(np.float32), 500, subtype="FLOAT")


@pytest.mark.parametrize("kind", ["subject", "copy", "near-duplicate"])
def test_a_leak_stops_a_run_before_training_and_names_what_leaks(
    fusionkit: Command, heart_folder: Path, tmp_path: Path, kind: str
) -> None:
    subjects = None
    expected = "same"
    if kind == "subject":
        subjects, expected = (lambda file: f"p{int(file.name[1:3]) % 5}"), "subject p1"
    elif kind == "copy":
        (heart_folder / "low" / "s08_99.wav").write_bytes((heart_folder / "low" / "s01_2.wav").read_bytes())
        expected = "copies of one file in test and train"
    else:
        shifted_copy(heart_folder)
        expected = "near-duplicates"
    place = write_manifest(heart_folder, tmp_path / "all.csv", subjects)
    given = ("run", "--data", place, "--split", "predefined", "--duration", "1", *ONE, *TINY, "--out", "here")
    answer = fusionkit(*given)
    assert answer.code == 3
    assert "fusionkit: leak: " in answer.err
    assert expected in answer.err
    assert "Traceback" not in answer.err
    assert not Path("here").exists()

    allowed = fusionkit(*given, "--allow-leak", "--json")
    assert allowed.code == 0, allowed.err
    told = json.loads(allowed.out)
    assert told["leaky"] is True
    assert expected in " ".join(told["leaks"])
    assert "LEAKY" in Path("here/report.html").read_text(encoding="utf-8")
    assert set(pd.read_csv("here/predictions.csv")["leaky"]) == {True}


def test_a_leak_is_stamped_on_the_tables_in_the_terminal(
    fusionkit: Command, heart_folder: Path, tmp_path: Path
) -> None:
    place = write_manifest(heart_folder, tmp_path / "all.csv", lambda file: f"p{int(file.name[1:3]) % 5}")
    answer = fusionkit("run", "--data", place, "--split", "predefined", "--allow-leak", *ONE, *TINY)
    assert answer.code == 0, answer.err
    figures, confusion = answer.out.index("balanced accuracy"), answer.out.index("true \\ predicted")
    assert "LEAKY" in answer.out[:figures]
    assert "LEAKY" in answer.out[figures:confusion]


def test_a_drawn_split_keeps_near_duplicates_together(fusionkit: Command, heart_folder: Path, tmp_path: Path) -> None:
    shifted_copy(heart_folder)
    for seed in range(4):
        out = f"run{seed}"
        answer = fusionkit("run", "--data", f"folder:{heart_folder}", "--duration", "1", "--seed", seed, *ONE, *TINY,
                           "--epochs", "1", "--out", out)  # fmt: skip
        assert answer.code == 0, answer.err
        split = pd.read_csv(tmp_path / out / "split.csv", comment="#").set_index("record")["split"]
        assert split["low/s09_long"] == split["low/s01_cut"]


def test_the_split_of_a_run_can_be_used_again(fusionkit: Command, heart_folder: Path, tmp_path: Path) -> None:
    data = ("--data", f"folder:{heart_folder}", *ONE, *TINY, "--epochs", "1", "--json")
    first = fusionkit("run", *data, "--seed", "3", "--out", "a")
    again = fusionkit("run", *data, "--seed", "4", "--split", "a/split.csv", "--out", "b")
    assert (first.code, again.code) == (0, 0), again.err
    assert json.loads(first.out)["split_sha256"] == json.loads(again.out)["split_sha256"]
    other = fusionkit("run", *data, "--seed", "4", "--out", "c")
    assert json.loads(other.out)["split_sha256"] != json.loads(first.out)["split_sha256"]
    text = Path("a/split.csv").read_text(encoding="utf-8")
    Path("a/split.csv").write_text(text.replace("train", "test", 1), encoding="utf-8")
    answer = fusionkit("run", *data, "--split", "a/split.csv")
    assert answer.code == 5
    assert "states the SHA-256" in answer.err


def test_k_folds_test_every_recording_once(fusionkit: Command, heart_folder: Path, tmp_path: Path) -> None:
    subject = ("-o", r"folder.subject=^(s\d+)_")
    answer = fusionkit("run", "--data", f"folder:{heart_folder}", *subject, *ONE, *TINY, "--epochs", "1", "--split",
                       "k-fold", "--folds", "3", "--out", "here")  # fmt: skip
    assert answer.code == 0, answer.err
    table = pd.read_csv(tmp_path / "here" / "predictions.csv")
    tested = table[table["split"] == "test"]
    assert sorted(tested["record"]) == sorted(table["record"].unique())
    assert tested.groupby("subject")["fold"].nunique().max() == 1
    assert "each fold by itself" in answer.out
    metrics = json.loads((tmp_path / "here" / "metrics.json").read_text(encoding="utf-8"))["metrics"]
    assert metrics["test"]["pooled"]["records"] == 24
