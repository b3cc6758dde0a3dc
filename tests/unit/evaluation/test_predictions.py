from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fusionkit.errors import DataError
from fusionkit.evaluation.predictions import (
    by_record,
    by_subject,
    class_names,
    predictions_table,
    read_predictions,
    true_classes,
)
from fusionkit.evaluation.settings import Aggregate

WINDOWS = pd.DataFrame(
    {
        "window": ["7/0", "7/1", "08/0"],
        "record": ["7", "7", "08"],
        "label": ["NA", "NA", "None"],
        "start": [0.0, 0.1, 1 / 3],
        "quality": [1, 2, 3],
    },
    index=[5, 6, 9],
)
CHANCES = np.array([[0.1, 0.9], [1 / 3, 2 / 3], [1.0, 5e-324]])
SPLIT = pd.Series(["test", "test", "train"], index=[5, 6, 9])


def made() -> pd.DataFrame:
    return predictions_table(WINDOWS, CHANCES, ["NA", "None"], fold="null", split=SPLIT)


def test_a_row_a_window() -> None:
    found = made()
    assert list(found) == ["fold", "split", "record", "window", "start", "label", "p_NA", "p_None"]
    assert found["split"].tolist() == ["test", "test", "train"]
    np.testing.assert_array_equal(found[["p_NA", "p_None"]].to_numpy(), CHANCES)
    assert class_names(found) == ["NA", "None"]


def test_the_table_is_read_back_to_the_bit(tmp_path: Path) -> None:
    made().to_csv(tmp_path / "p.csv", index=False)
    pd.testing.assert_frame_equal(read_predictions(tmp_path / "p.csv"), made(), check_dtype=False, check_exact=True)


def test_a_record_has_the_mean_of_its_windows() -> None:
    records = by_record(made())
    assert records["record"].tolist() == ["7", "08"]
    np.testing.assert_allclose(records["p_NA"], [(0.1 + 1 / 3) / 2, 1.0])


def beats() -> pd.DataFrame:
    """Two records of one subject: three windows and one."""
    chances = {"p_a": [0.6, 0.5, 0.1, 0.2], "p_b": [0.3, 0.4, 0.2, 0.2], "p_c": [0.1, 0.1, 0.7, 0.6]}
    return pd.DataFrame({"record": ["1", "1", "1", "2"], "subject": "s", "label": "a", **chances})


@pytest.mark.parametrize(
    ("how", "multilabel", "record", "subject"),
    [
        ("mean", False, [0.4, 0.3, 0.3], [0.3, 0.25, 0.45]),
        ("max", False, [6 / 17, 4 / 17, 7 / 17], None),
        ("vote", False, [2 / 3, 0, 1 / 3], [1 / 2, 0, 1 / 2]),
        ("mean", True, [0.4, 0.3, 0.3], [0.3, 0.25, 0.45]),
        ("max", True, [0.6, 0.4, 0.7], [0.6, 0.4, 0.7]),
        ("vote", True, [2 / 3, 0, 1 / 3], [1 / 2, 0, 1 / 2]),
    ],
)
def test_windows_become_records_and_subjects(
    how: Aggregate, multilabel: bool, record: list[float], subject: list[float] | None
) -> None:
    columns = ["p_a", "p_b", "p_c"]
    records = by_record(beats(), how, multilabel)
    assert records["record"].tolist() == ["1", "2"]
    np.testing.assert_allclose(records[columns].iloc[0], record, rtol=1e-12)
    # The records of max are each divided by their sum, and so are the subjects.
    highest = np.maximum(np.array([6, 4, 7]) / 17, [0.2, 0.2, 0.6])
    subjects = by_subject(beats(), how, multilabel)
    assert len(subjects) == 1
    np.testing.assert_allclose(subjects[columns].iloc[0], subject or highest / highest.sum(), rtol=1e-12)


def test_a_row_index_of_its_own_does_not_matter() -> None:
    table = beats().set_axis([7, 3, 3, 0])
    pd.testing.assert_frame_equal(by_record(table, "vote"), by_record(beats(), "vote"))


def test_label_sets() -> None:
    table = pd.DataFrame({"record": list("1234"), "label": ["b", "", "a; b", "b;a"], "p_a": 0.1, "p_b": 0.2})
    expected = np.array([[0, 1], [0, 0], [1, 1], [1, 1]], dtype=bool)
    np.testing.assert_array_equal(true_classes(table, multilabel=True), expected)
    with pytest.raises(DataError, match="label ''"):
        true_classes(table)


def test_label_sets_are_read(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("record,label,split,p_a,p_b\n1,a;b,test,0.5,1\n2,,test,0,0\n", encoding="utf-8")
    assert read_predictions(path, multilabel=True)["label"].tolist() == ["a;b", ""]
    with pytest.raises(DataError, match=r"p\.csv: the label ''"):
        read_predictions(path)
    path.write_text("record,label,split,p_a,p_b\n1,a;c,test,0.5,1\n", encoding="utf-8")
    with pytest.raises(DataError, match="label 'c'"):
        read_predictions(path, multilabel=True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "cannot be read"),
        ("record,label,split\n1,a,test\n", "lacks p_<class>"),
        ("record,p_a\n1,0.5\n", "lacks label, split"),
        ("record,label,split,p_a\n1,a,test,high\n", "cannot be read"),
        ("record,label,split,p_a\n1,a,test,\n", "cannot be read"),
        ("record,label,split,p_a\n1,b,test,0.5\n", "label 'b'"),
        ("record,label,split,p_a\n1,a,test,0.5\n2,a,test,nan\n", "record 2 has p_a = nan"),
        ("record,label,split,p_a\n1,a,test,1.5\n", "p_a = 1.5; expected 0 to 1 (1 rows are wrong)"),
    ],
)
def test_a_file_that_is_no_table_of_predictions(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "p.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as error:
        read_predictions(tmp_path / "p.csv")
    assert words in str(error.value)
    with pytest.raises(DataError, match="cannot be read"):
        read_predictions(tmp_path / "missing.csv")
