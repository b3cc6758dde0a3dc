import os

import numpy as np
import pandas as pd
import pytest

from fusionkit.data.audit import near_pairs as module
from fusionkit.data.audit.near_pairs import near_pairs
from fusionkit.data.cache_folder import cache_folder

RECORDS = pd.DataFrame(
    {
        "id": ["001", "b", "c"],
        "digest": ["x", "y", "z"],
        "content": ["p", "q", "r"],
        "path": ["p.wav", "q.wav", "r.wav"],
        "start": 0.0,
        "stop": [4.0, 5.0, 6.0],
    }
)


@pytest.fixture
def searches(monkeypatch):
    """Replace the search by one that finds the first two recordings, and return what it was asked for."""
    asked = []

    def search(recordings, records, progress, channels):
        asked.append((recordings, records, progress, channels))
        rows = [(records["id"].iloc[0], records["id"].iloc[1], 0.1 + 0.2 + 0.69, -1 / 3, np.pi)]
        return pd.DataFrame(rows, columns=["a", "b", "similarity", "lag_s", "gain"])

    monkeypatch.setattr(module, "near_duplicates", search)
    return asked


def entries():
    return sorted(cache_folder().rglob("*.csv"))


def test_the_second_time_nothing_is_searched(searches):
    first = near_pairs("data", RECORDS, "progress", ("II",))
    again = near_pairs("data", RECORDS, "progress", ("II",))
    assert len(searches) == 1
    assert searches[0][0] == "data"
    assert searches[0][2:] == ("progress", ("II",))
    pd.testing.assert_frame_equal(first, again, check_exact=True)
    assert again["a"].tolist() == ["001"]
    assert [path.name for path in entries()[0].parent.iterdir()] == [entries()[0].name]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "",
        lambda text: text[:-5],
        lambda text: text.replace("001", "002"),
        lambda text: "0" * 64 + text[64:],
        lambda text: text + "b,c,1.0,0.0,1.0\n",
        lambda text: "\xff",
    ],
    ids=["empty", "cut", "altered", "hash", "longer", "no text"],
)
def test_a_damaged_entry_is_computed_anew(searches, change):
    expected = near_pairs(None, RECORDS)
    (entry,) = entries()
    whole = entry.read_bytes()
    entry.write_bytes(change(whole.decode()).encode("latin-1"))
    pd.testing.assert_frame_equal(near_pairs(None, RECORDS), expected)
    assert len(searches) == 2
    assert entry.read_bytes() == whole


@pytest.mark.parametrize("what", ["file instead of folder", "read-only"])
def test_a_cache_that_cannot_be_written_costs_the_search_only(searches, what):
    if what == "read-only":
        if os.geteuid() == 0:
            pytest.skip("root may write everywhere")
        cache_folder().mkdir(parents=True)
        cache_folder().chmod(0o500)
    else:
        cache_folder().parent.mkdir(parents=True, exist_ok=True)
        cache_folder().touch()
    for count in (1, 2):
        assert near_pairs(None, RECORDS)["b"].tolist() == ["b"]
        assert len(searches) == count


@pytest.mark.parametrize(
    ("column", "value"),
    [("id", "d"), ("digest", "w"), ("content", "w"), ("path", "w.wav"), ("start", 0.5), ("stop", 3.5)],
)
def test_other_rows_have_another_entry(searches, column, value):
    near_pairs(None, RECORDS)
    other = RECORDS.copy()
    other.loc[2, column] = value
    near_pairs(None, other)
    assert len(searches) == 2
    near_pairs(None, RECORDS.iloc[:2])
    assert len(searches) == 3
    assert len(entries()) == 3


def test_other_channels_have_another_entry(searches):
    for channels in (None, ("I",), ("I", "II"), ("II", "I")):
        near_pairs(None, RECORDS, channels=channels)
    assert len(entries()) == len(searches) == 4
