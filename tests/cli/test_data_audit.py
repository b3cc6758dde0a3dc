from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn import metrics

from tests.conftest import Answer

Command = Callable[..., Answer]


def test_an_audit_counts_and_finds_no_leak_where_there_is_none(fusionkit: Command, heart_folder: Path) -> None:
    subject = ("-o", r"folder.subject=^(s\d+)_")
    answer = fusionkit("data", "audit", f"folder:{heart_folder}", *subject, "--split", "subject", "--json")
    assert answer.code == 0, answer.err
    told = json.loads(answer.out)
    assert {row["class"]: row["records"] for row in told["support"]} == {"high": 12, "low": 12}
    assert (told["leaky"], told["leaks"], told["record_wise"]) == (False, [], False)
    assert {(row["split"]): row["high"] + row["low"] for row in told["parts"]}.keys() == {"train", "validation", "test"}


def test_a_leak_ends_with_exit_code_3_and_a_whole_json_document(fusionkit: Command, heart_folder: Path) -> None:
    data = ("data", "audit", f"folder:{heart_folder}", "-o", r"folder.subject=^(s\d+)_", "--split", "record")
    answer = fusionkit(*data, "--json")
    assert answer.code == 3
    assert json.loads(answer.out)["leaky"] is True
    assert "subject s" in answer.err
    assert fusionkit(*data, "--allow-leak").code == 0


@pytest.mark.parametrize("option", ["folder.subjct=x", "mel.n_fft=512"])
def test_an_option_that_is_none_is_named(fusionkit: Command, heart_folder: Path, option: str) -> None:
    answer = fusionkit("data", "audit", f"folder:{heart_folder}", "-o", option)
    assert answer.code == 2
    assert option.split("=")[0].split(".")[1] in answer.err


@pytest.mark.data
def test_the_database_of_physionet_2016_gives_the_label_away(
    fusionkit: Command, real_data: Callable[[str], Path]
) -> None:
    answer = fusionkit("data", "audit", f"physionet2016:{real_data('physionet2016')}", "--json")
    assert answer.code == 0, answer.err
    told = json.loads(answer.out)
    # The share of abnormal recordings in the database of each, as the lists of the organisers give it.
    counts = {row["database"]: (row["normal"], row["abnormal"]) for row in told["databases"]}
    truth = np.concatenate([[0] * normal + [1] * abnormal for normal, abnormal in counts.values()])
    share = np.concatenate([[b / (a + b)] * (a + b) for a, b in counts.values()])
    database = next(row for row in told["confounds"] if row["factor"] == "database")
    assert database["in_sample_auc"] == pytest.approx(metrics.roc_auc_score(truth, share), abs=0.01)
    assert database["auc"] > 0.75


@pytest.mark.data
def test_the_copies_in_the_validation_folder_are_all_found(
    fusionkit: Command, real_data: Callable[[str], Path], tmp_path: Path
) -> None:
    """The 301 wavs of the folder are put back: as links, under a tree that leads to the real recordings."""
    real = real_data("physionet2016")
    root = tmp_path / "copy"
    root.mkdir()
    for folder in sorted(real.glob("training-*")):
        (root / folder.name).symlink_to(folder)
    (root / "validation").mkdir()
    names = [line.split(",")[0] for line in (real / "validation" / "REFERENCE.csv").read_text().splitlines()]
    (root / "validation" / "REFERENCE.csv").write_bytes((real / "validation" / "REFERENCE.csv").read_bytes())
    for name in names:
        source = real / f"training-{name[0]}" / f"{name}.wav"
        (root / "validation" / f"{name}.wav").write_bytes(source.read_bytes())
    again = ("-o", "physionet2016.validation=again")
    answer = fusionkit("data", "audit", f"physionet2016:{root}", *again, "--split", "predefined", "--json")
    assert answer.code == 3
    told = json.loads(answer.out)
    assert len(names) == 301
    found = {name for copies in told["copies"] for name in copies["records"]}
    assert {f"validation/{name}" for name in names} <= found
    assert set(names) <= found
    leaks = " ".join(told["leaks"])
    assert all(f"validation/{name}" in leaks for name in names)
