from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from tests.conftest import TINY, Answer

Command = Callable[..., Answer]
ONE = ("--repr", "wave", "--encoder", "cnn1d", "--channels", "I,V1")
CODES = {"NORM": "NORM", "IMI": "MI", "RVH": "HYP"}
LEADS = ("I", "V1")


@pytest.fixture
def electrocardiograms(tmp_path: Path) -> Path:
    """Write a small imitation of PTB-XL: 60 records of 2 s of 30 patients, with 0 to 2 of two tones in noise."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "ptbxl" / "records100" / "00000"
    folder.mkdir(parents=True)
    rows = []
    for number in range(60):
        found = [code for code in ("IMI", "RVH") if rng.random() < 0.5] or ["NORM"]
        time = np.arange(200) / 100
        tones = sum(np.sin(2 * np.pi * (4 if code == "IMI" else 17) * time) for code in found if code != "NORM")
        samples = np.round(300 * (tones + 0.3 * rng.normal(size=(2, 200)))).astype("<i2")
        name = f"{number + 1:05d}_lr"
        samples.T.tofile(folder / f"{name}.dat")
        lines = [f"{name}.dat 16 1000.0(0)/mV 16 0 {row[0]} {np.int16(row.sum())} 0 {lead}" for row, lead in
                 zip(samples, LEADS, strict=True)]  # fmt: skip
        (folder / f"{name}.hea").write_text(f"{name} 2 100 200\n" + "\n".join(lines) + "\n")
        codes = dict.fromkeys(found, 100.0)
        noises = ["", "", "", ""]
        rows.append([number + 1, f"{number // 2}.0", str(codes), True, *noises, number // 2 % 10 + 1,
                     f"records100/00000/{name}", f"records500/00000/{number + 1:05d}_hr"])  # fmt: skip
    noise = ["baseline_drift", "static_noise", "burst_noise", "electrodes_problems"]
    head = [
        "ecg_id",
        "patient_id",
        "scp_codes",
        "validated_by_human",
        *noise,
        "strat_fold",
        "filename_lr",
        "filename_hr",
    ]
    with (tmp_path / "ptbxl" / "ptbxl_database.csv").open("w", newline="") as file:
        csv.writer(file).writerows([head, *rows])
    statements = "".join(f"{code},x,1.0,,,{name},{code},x\n" for code, name in CODES.items())
    top = ",description,diagnostic,form,rhythm,diagnostic_class,diagnostic_subclass,Statement Category\n"
    (tmp_path / "ptbxl" / "scp_statements.csv").write_text(top + statements)
    return tmp_path / "ptbxl"


def test_a_multi_label_run_has_independent_probabilities_and_figures_a_class(
    fusionkit: Command, electrocardiograms: Path
) -> None:
    data = ("--data", f"ptbxl:{electrocardiograms}", "--split", "predefined")
    answer = fusionkit("run", *data, *ONE, *TINY, "--epochs", "25", "--lr", "0.01", "--out", "here", "--json")
    assert answer.code == 0, answer.err
    test = json.loads(answer.out)["metrics"]["test"]
    assert test["multilabel"] is True

    table = pd.read_csv("here/predictions.csv").query("split == 'test'")
    classes = ["NORM", "MI", "HYP"]
    truth = np.array([[name in label.split(";") for name in classes] for label in table["label"]])
    chances = table[[f"p_{name}" for name in classes]].to_numpy()
    assert not np.allclose(chances.sum(axis=1), 1)
    assert (truth.sum(axis=1) == 2).any()
    assert test["roc_auc"] == pytest.approx(metrics.roc_auc_score(truth, chances, average="macro"), abs=1e-12)
    assert test["accuracy"] == pytest.approx(metrics.accuracy_score(truth, chances >= 0.5), abs=1e-12)
    assert test["f1_macro"] > 0.6, "two pure tones are easily told apart"
    report = Path("here/report.html").read_text(encoding="utf-8")
    assert "each class by itself" in report


def test_a_protocol_fails_where_the_counts_are_not_the_published_ones(
    fusionkit: Command, electrocardiograms: Path
) -> None:
    answer = fusionkit("run", "--data", f"ptbxl:{electrocardiograms}", "--split", "ptbxl-folds", *ONE, *TINY)
    assert answer.code == 3
    assert "9514" in answer.err
    assert "ptbxl-folds" in answer.err
    assert not Path("runs").exists()
