import json

import numpy as np
import pandas as pd
import pytest

from fusionkit.data.audit.audit import audit
from fusionkit.data.audit.near_duplicates import near_duplicates
from fusionkit.data.content import array_hash
from fusionkit.data.recordings import ArrayRecordings


@pytest.fixture
def given():
    rng = np.random.default_rng(0)
    signals = rng.normal(size=(12, 1, 2500)).astype(np.float32)
    signals[9] = -0.5 * signals[0]  # a near-duplicate with another label
    signals[10] = signals[1]  # identical, with another label
    recordings = ArrayRecordings(signals, 500, ["x"] * 6 + ["y"] * 6, groups=[*range(10), 10, 0])
    records = recordings.manifest.assign(
        start=0.0,
        stop=5.0,
        sample_rate=500.0,
        content=[recordings.content(record) for record in recordings.manifest["id"]],
        digest=[array_hash(signal) for signal in signals],
        level=20 * np.log10(np.sqrt((signals**2).mean(axis=(1, 2)))),
        database=["p"] * 6 + ["q"] * 6,
    )
    parts = ["train", "train", "train", "train", "test", "test"] * 2
    folds = pd.DataFrame({"fold": "0", "record": records["id"], "split": parts})
    return records, folds, near_duplicates(recordings, records)


def test_an_audit_finds_everything_that_was_planted(given):
    result = audit(*given, classes=("x", "y"))
    assert result.support["records"].tolist() == [6, 6]
    assert result.support["subjects"].tolist() == [6, 6]
    assert result.databases.to_dict("list") == {"database": ["p", "q"], "x": [6, 0], "y": [0, 6]}
    assert result.parts.to_dict("list") == {"fold": ["0", "0"], "split": ["train", "test"], "x": [4, 2], "y": [4, 2]}
    assert [(leak.kind, leak.records) for leak in result.leaks] == [("subject", ("0", "11")), ("content", ("1", "10"))]
    assert [copies.records for copies in result.copies] == [("1", "10")]
    assert result.near[["a", "b"]].to_numpy().tolist() in ([["0", "9"]], [["9", "0"]])
    assert [set(copies.records) for copies in result.conflicts] == [{"1", "10"}, {"0", "9"}]
    assert result.floor == [{"factor": "database", "auc": 1, "modified_accuracy": 1}]
    assert not result.record_wise
    text = "\n".join(result.warnings)
    for part in (
        "2 leaks",
        "1 groups of identical",
        "1 pairs of near",
        "2 copies with different labels",
        "database alone",
    ):
        assert part in text


def test_it_can_be_told_in_json_and_in_lines(given):
    result = audit(*given, classes=("x", "y"))
    told = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert told["leaks"][0]["records"] == ["0", "11"]
    assert told["confounds"][0]["factor"] == "database"
    assert [row["auc"] for row in told["confounds"] if row["factor"] == "sample_rate"] == [None]
    lines = result.lines()
    assert all("\n" not in line for line in lines)
    assert "class x, records 6, subjects 6, databases 1" in lines
    assert "leak: fold 0: subject 0 in test and train: 0, 11" in lines
    assert "floor on the test part: database alone, AUC 1.00, modified accuracy 1.00" in lines
    assert "... and 1 more of these" in result.lines(1)


def test_without_folds_subjects_and_the_search(given):
    records, _, _ = given
    lean = records.drop(columns=["subject", "database"])
    result = audit(lean, classes=("x", "y"))
    assert (result.leaks, result.near, result.parts, result.floors, result.floor) == ((), None, None, None, [])
    assert result.record_wise
    assert any("record-wise" in line for line in result.warnings)
    told = result.to_dict()
    assert (told["near"], told["databases"], told["floor"]) == (None, None, [])
    assert result.lines()


def test_it_says_how_many_recordings_the_search_passed_over(given):
    records, folds, pairs = given
    assert not any("not compared" in line for line in audit(*given, classes=("x", "y")).warnings)
    brief = records.assign(stop=[0.5, 0.99] + [5.0] * 10)
    told = [line for line in audit(brief, folds, pairs, classes=("x", "y")).warnings if "not compared" in line]
    assert len(told) == 1
    assert told[0].startswith("2 of 12 recordings were not compared with the others: below 1 s")
    assert not any("not compared" in line for line in audit(brief, folds, classes=("x", "y")).warnings)
