import io

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusionkit.data.csv_cells import neutral, neutral_csv, restored, restored_table

EVIL = ["=cmd|'/c calc'!A0", "+SUM(A1)", "@x", "-2+3", "\tx", "'=x", "''+x"]
PLAIN = ["-1", "+1", "-1e-3", "x=1", "", "O'Hara", "'quoted'", "a-b", "001"]


@pytest.mark.parametrize("text", EVIL)
def test_a_formula_gets_an_apostrophe(text):
    assert neutral(text) == f"'{text}"


@pytest.mark.parametrize("text", PLAIN)
def test_numbers_and_plain_texts_stay(text):
    assert neutral(text) == text


@given(st.text(alphabet="=+-@'\t\r0123456789.eEab ", max_size=8))
def test_every_text_comes_back_and_starts_no_formula(text):
    assert restored(neutral(text)) == text
    assert neutral(text)[:1] not in ("=", "@", "\t", "\r")


def test_a_table_comes_back():
    table = pd.DataFrame({"record": [*EVIL[:4], *PLAIN], "=x": "y", "p_a": 0.1})
    text = neutral_csv(table)
    assert "\n=" not in text
    assert ",=" not in text
    back = restored_table(pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False))
    assert back["record"].tolist() == table["record"].tolist()
    assert list(back) == list(table)
    assert [float(value) for value in back["p_a"]] == table["p_a"].tolist()
