from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fusionkit.errors import DataError
from fusionkit.evaluation.predictions import by_record, class_names, predictions_table, read_predictions

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


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "cannot be read"),
        ("record,label,split\n1,a,test\n", "lacks p_<class>"),
        ("record,p_a\n1,0.5\n", "lacks label, split"),
        ("record,label,split,p_a\n1,a,test,high\n", "cannot be read"),
        ("record,label,split,p_a\n1,a,test,\n", "cannot be read"),
        ("record,label,split,p_a\n1,b,test,0.5\n", "label 'b'"),
    ],
)
def test_a_file_that_is_no_table_of_predictions(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "p.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as error:
        read_predictions(tmp_path / "p.csv")
    assert words in str(error.value)
    with pytest.raises(DataError, match="cannot be read"):
        read_predictions(tmp_path / "missing.csv")
