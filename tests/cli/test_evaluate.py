from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch
from scipy.signal import resample_poly
from sklearn.metrics import confusion_matrix, matthews_corrcoef, roc_auc_score

from fusionkit.plugins import build_registry
from fusionkit.run.saved_model import load_model
from tests.conftest import TINY, Answer

Command = Callable[..., Answer]
SUBJECT = ("-o", r"folder.subject=^(s\d+)_")
PAIR = ("--repr", "wave,wave", "--encoder", "cnn1d", "--fuser", "concat")


@pytest.fixture
def trained(fusionkit: Command, heart_folder: Path) -> Path:
    """Return the folder of a tiny run."""
    run = ("run", "--data", f"folder:{heart_folder}", "--repr", "wave", "--encoder", "cnn1d", *SUBJECT, *TINY)
    answer = fusionkit(*run, "--out", "trained")
    assert answer.code == 0, answer.err
    return Path("trained").absolute()


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """Return other recordings, 1.5 s at 1000 Hz, of three classes."""
    rng = np.random.default_rng(1)
    for number in range(18):
        label = ("calm", "wild", "odd")[number % 3]
        path = tmp_path / "elsewhere" / label / f"t{number // 3}_{number}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, rng.normal(scale=0.1, size=1500).astype(np.float32), 1000, subtype="FLOAT")
    return tmp_path / "elsewhere"


def test_precision(fusionkit: Command, trained: Path, elsewhere: Path) -> None:
    given = (
        "evaluate",
        trained,
        "--data",
        f"folder:{elsewhere}",
        "--map",
        "calm=low,wild=high",
        "--on-unmapped",
        "drop",
    )
    found = {}
    for name in ("float32", "bfloat16"):
        answer = fusionkit(*given, "--precision", name, "--out", name)
        assert answer.code == 0, answer.err
        assert json.loads(Path(name, "metrics.json").read_text(encoding="utf-8"))["precision"] == name
        found[name] = pd.read_csv(f"{name}/predictions.csv")["p_high"].to_numpy()
    assert 0 < np.abs(found["float32"] - found["bfloat16"]).max() < 0.05
    answer = fusionkit(*given, "--precision", "tf32", "--device", "cpu", "--out", "third")
    assert answer.code == 2
    assert "precision 'tf32' is one of GPUs" in answer.err


def test_other_recordings_reach_the_model_at_its_rate_in_its_window(
    fusionkit: Command, trained: Path, elsewhere: Path
) -> None:
    answer = fusionkit(
        *("evaluate", trained, "--data", f"folder:{elsewhere}", "-o", r"folder.subject=^(t\d+)_"),
        *("--map", "calm=low,wild=high", "--on-unmapped", "drop", "--out", "scored", "--json"),
    )
    assert answer.code == 0, answer.err
    assert "6 of 18 recordings" in answer.err
    table = pd.read_csv("scored/predictions.csv")
    assert set(table["split"]) == {"test"}
    assert table["label"].value_counts().to_dict() == {"high": 6, "low": 6}

    saved = load_model(trained, build_registry()[0])
    for row in table.to_dict("records"):
        samples, _ = soundfile.read(elsewhere / f"{row['record']}.wav")
        signal = resample_poly(samples, 1, 2)[:500]
        with torch.no_grad():
            logit = saved.model(torch.tensor(signal, dtype=torch.float32)[None, None])
        assert row[f"p_{saved.task.classes[1]}"] == pytest.approx(float(logit.sigmoid()), abs=1e-5)

    scores = json.loads(answer.out)["metrics"]["test"]
    second = saved.task.classes[1]
    truth, chance = table["label"] == second, table[f"p_{second}"]
    assert scores["roc_auc"] == pytest.approx(roc_auc_score(truth, chance))
    assert scores["confusion"] == confusion_matrix(truth, chance >= 0.5).tolist()
    figures = pd.read_csv("scored/metrics.csv", index_col="metric")
    assert figures["value"]["roc_auc"] == pytest.approx(roc_auc_score(truth, chance))
    assert figures["low"]["roc_auc"] <= figures["high"]["roc_auc"]


def test_a_threshold_decides_between_two_classes(fusionkit: Command, trained: Path, elsewhere: Path) -> None:
    shutil.rmtree(elsewhere / "odd")
    score = ("evaluate", trained, "--data", f"folder:{elsewhere}", "--map", "calm=low", "--map", "wild=high")
    assert fusionkit(*score, "--out", "plain").code == 0
    table = pd.read_csv("plain/predictions.csv")
    second = json.loads(Path("plain/metrics.json").read_text(encoding="utf-8"))["classes"][1]
    chance, truth = table[f"p_{second}"], table["label"] == second
    threshold = float(chance.median())
    answer = fusionkit(*score, "--threshold", threshold, "--intervals", 0, "--json")
    assert answer.code == 0, answer.err
    scores = json.loads(answer.out)["metrics"]["test"]
    assert scores["confusion"] == confusion_matrix(truth, chance >= threshold).tolist()
    assert scores["mcc"] == pytest.approx(matthews_corrcoef(truth, chance >= threshold))
    assert Path(json.loads(answer.out)["run"]) == trained.with_name("trained-evaluated-folder")


def test_what_the_model_was_trained_on_is_not_scored_unnoticed(
    fusionkit: Command, trained: Path, heart_folder: Path
) -> None:
    score = ("evaluate", trained, "--data", f"folder:{heart_folder}", *SUBJECT)
    refused = fusionkit(*score, "--out", "all")
    assert refused.code == 3
    split = pd.read_csv(trained / "split.csv", comment="#")
    assert f"trained on {(split['split'] != 'test').sum()} of these" in refused.err
    assert not Path("all").exists()

    leaky = fusionkit(*score, "--allow-leak", "true", "--out", "all")
    assert leaky.code == 0, leaky.err
    assert "LEAKY" in leaky.out
    assert pd.read_csv("all/predictions.csv")["leaky"].all()

    assert fusionkit(*score, "--split", trained / "split.csv", "--out", "part").code == 0
    own = pd.read_csv(trained / "predictions.csv")
    expected = own[own["split"] == "test"].set_index("record")
    found = pd.read_csv("part/predictions.csv").set_index("record")
    assert set(found.index) == set(expected.index)
    columns = ["p_high", "p_low"]
    np.testing.assert_allclose(found.loc[expected.index, columns], expected[columns], rtol=0, atol=1e-6)


def test_the_printed_result_names_data_and_folder(fusionkit: Command, trained: Path, elsewhere: Path) -> None:
    shutil.rmtree(elsewhere / "odd")
    answer = fusionkit("evaluate", trained, "--data", f"folder:{elsewhere}", "--map", "calm=low,wild=high")
    assert answer.code == 0, answer.err
    for word in ("all recordings", "roc auc", "F1 high"):
        assert word in answer.out
    # Nothing is learnt from these recordings: neither epochs nor persons in two parts matter.
    for word in ("record-wise", "0 epochs"):
        assert word not in answer.out
    assert answer.out.rstrip().endswith("trained-evaluated-folder")


def test_what_does_not_suit_the_model_is_told_in_one_line(fusionkit: Command, trained: Path, elsewhere: Path) -> None:
    fitting = "calm=low,wild=high,odd=low"
    cases: list[tuple[tuple[str, ...], int, str]] = [
        ((), 3, "the model knows the classes high, low, but the data have calm, odd, wild"),
        (("--on-unmapped", "drop"), 3, "no recording has a class of the model"),
        (("--map", "clam=low"), 2, "the data have no class 'clam'"),
        (("--map", "calm=lower"), 2, "the model has no class 'lower'"),
        (("--map", "calm"), 2, "expected pairs"),
        (("--map", "calm=low,calm=high"), 2, "each class once"),
        (("--map", fitting, "--duration", "2"), 2, "--duration is decided by the trained model"),
        (("--map", fitting, "--folds", "3"), 2, "--folds needs --split"),
        (("--map", fitting, "--channels", "a,b"), 2, "names 2 channels, but the model takes 1"),
        (("--map", fitting, "--split", "k-fold", "--folds", "2", "--threshold", "2"), 2, "threshold"),
    ]
    for flags, code, message in cases:
        answer = fusionkit("evaluate", trained, "--data", f"folder:{elsewhere}", *flags, "--out", "scored")
        assert (answer.code, message in answer.err) == (code, True), answer.err
        assert len(answer.err.splitlines()) == 1
        assert not Path("scored").exists()


def test_fine_tuning_of_named_parts_leaves_the_rest_as_it_was(
    fusionkit: Command, heart_folder: Path, elsewhere: Path
) -> None:
    shutil.rmtree(elsewhere / "odd")
    (elsewhere / "calm").rename(elsewhere / "low")
    (elsewhere / "wild").rename(elsewhere / "high")
    assert fusionkit("run", "--data", f"folder:{heart_folder}", *PAIR, *SUBJECT, *TINY, "--out", "first").code == 0
    answer = fusionkit(
        *("run", "--data", f"folder:{elsewhere}", *PAIR, *TINY, "--duration", 1, "--sample-rate", 500),
        *("--init", "first", "--learn", "encoders.1.head,fuser", "--lr", 0.01, "--out", "tuned"),
    )
    assert answer.code == 0, answer.err
    registry = build_registry()[0]
    before, after = (load_model(Path(name), registry).model.state_dict() for name in ("first", "tuned"))
    changed = {name for name, tensor in before.items() if not torch.equal(tensor, after[name])}
    dense = {
        f"{name}.{kind}"
        for name in ("encoders.1.head.1", "fuser.head.0", "fuser.head.3")
        for kind in ("weight", "bias")
    }
    assert changed == dense


def test_a_run_that_starts_from_weights_which_saw_its_test_part_is_a_leak(
    fusionkit: Command, trained: Path, heart_folder: Path
) -> None:
    start = ("run", "--data", f"folder:{heart_folder}", *PAIR, *SUBJECT, *TINY, "--init", trained, "--epochs", "1")
    split = pd.read_csv(trained / "split.csv", comment="#").set_index("record")["split"]
    other = fusionkit(*start, "--seed", "5", "--out", "other")
    assert other.code == 3
    assert "the initial weights have seen recordings of the test part" in other.err
    assert not Path("other").exists()
    allowed = fusionkit(*start, "--seed", "5", "--allow-leak", "true", "--out", "other", "--json")
    assert json.loads(allowed.out)["leaky"] is True
    table = pd.read_csv("other/split.csv", comment="#").set_index("record")["split"]
    seen = {record for record, part in table.items() if part == "test" and split[record] != "test"}
    assert seen
    assert all(record in " ".join(json.loads(allowed.out)["leaks"]) for record in seen)
    same = fusionkit(*start, "--split", trained / "split.csv", "--out", "same")
    assert same.code == 0, same.err

    # What the first run saw is remembered over the second one.
    score = ("evaluate", "same", "--data", f"folder:{heart_folder}", *SUBJECT, "--out", "scored")
    assert fusionkit(*score).code == 3


def test_a_test_part_that_chose_the_epoch_counts_as_seen(fusionkit: Command, heart_folder: Path) -> None:
    data = ("--data", f"folder:{heart_folder}", *SUBJECT)
    answer = fusionkit("run", *data, *PAIR, *TINY, "--validation", "test", "--out", "here")
    assert answer.code == 0, answer.err
    assert "the test part also chose the epoch" in answer.out
    refused = fusionkit("evaluate", "here", *data, "--split", "here/split.csv", "--out", "again")
    assert refused.code == 3
    assert "the model was trained on" in refused.err


def test_weights_whose_run_folder_is_gone_may_have_seen_anything(
    fusionkit: Command, trained: Path, heart_folder: Path
) -> None:
    data = ("--data", f"folder:{heart_folder}", *SUBJECT)
    shutil.copytree(trained / "checkpoints" / "best", "weights")
    told = "what the weights have seen is unknown: there is no complete run folder at"
    copied = fusionkit("evaluate", "weights", *data, "--out", "scored")
    assert copied.code == 0, copied.err
    assert copied.out.count(told) == 1
    assert copied.out.count(told.partition(":")[0]) == 2, "once above the table, once below"
    assert set(pd.read_csv("scored/predictions.csv")["leaky"]) == {"unknown"}

    started = fusionkit("run", *data, *PAIR, *TINY, "--init", "weights", "--out", "next")
    assert started.code == 0, started.err
    assert told in started.out
    for table in ("predictions.csv", "history.csv"):
        assert set(pd.read_csv(Path("next", table))["leaky"]) == {"unknown"}
    same = ("run", *data, *PAIR, *TINY, "--init", trained, "--split", trained / "split.csv", "--out", "second")
    assert fusionkit(*same).code == 0
    trained.rename("moved")
    later = fusionkit("evaluate", "second", *data, "--split", "second/split.csv", "--out", "again")
    assert later.code == 0, later.err
    assert f"{told} {trained}" in later.out


def test_a_refused_leak_names_twenty_recordings_and_the_split_that_helps(
    fusionkit: Command, trained: Path, heart_folder: Path
) -> None:
    data = ("--data", f"folder:{heart_folder}", *SUBJECT)
    split = pd.read_csv(trained / "split.csv", comment="#")
    seen = int((split["split"] != "test").sum())
    refused = fusionkit("evaluate", trained, *data)
    assert f"use --split {trained / 'split.csv'}, whose test part is new to it" in refused.err
    assert len(refused.err.splitlines()) == 1 + min(seen, 20) + (seen > 20)
    # Of a model that started from another one, only a test part that neither has seen will do.
    chained = ("run", *data, *PAIR, *TINY, "--init", trained, "--seed", 5, "--allow-leak", "--out", "chained")
    assert fusionkit(*chained).code == 0
    again = fusionkit("evaluate", "chained", *data)
    assert f"take recordings that none of {Path('chained').absolute()}, {trained} has seen" in again.err


def test_parts_that_stay_random_may_not_be_frozen(fusionkit: Command, trained: Path, heart_folder: Path) -> None:
    data = ("--data", f"folder:{heart_folder}", *SUBJECT, *TINY, "--out", "here")
    frozen = fusionkit("run", *data, *PAIR, "--learn", "fuser")
    assert frozen.code == 2
    assert "learn leaves encoders.0, encoders.1 frozen with random weights: there is no init" in frozen.err
    # The run has one branch: of the second and of the wider fuser nothing is there.
    split = ("--split", trained / "split.csv", "--init", trained)
    half = fusionkit("run", *data, *PAIR, *split, "--learn", "encoders.0")
    assert half.code == 2
    assert "encoders.1, fuser" in half.err
    assert f"{trained} does not hold them" in half.err
    assert not Path("here").exists()
    fine = fusionkit("run", *data, *PAIR, *split, "--learn", "encoders.1,fuser")
    assert fine.code == 0, fine.err
