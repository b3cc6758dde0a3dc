import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fusionkit.data import scan as module
from fusionkit.data.cache_folder import cache_folder
from fusionkit.data.recordings import ArrayRecordings, FileRecordings
from fusionkit.data.scan import scan
from fusionkit.data.settings import DataSettings
from fusionkit.errors import DataError


@pytest.fixture
def examined(monkeypatch):
    """The recordings that were read, in order."""
    seen = []
    true = module.examine

    def examine(recordings, row, channels):
        seen.append(row["id"])
        return true(recordings, row, channels)

    monkeypatch.setattr(module, "examine", examine)
    return seen


@pytest.fixture
def manifest(wav, noise):
    paths = {name: wav(f"{name}.wav", noise(200, number)) for number, name in enumerate("abc")}
    wav("copy.wav", noise(200, 0))
    paths["copy"] = paths["a"].with_name("copy.wav")
    return pd.DataFrame({"id": list(paths), "path": [str(path) for path in paths.values()], "label": "x"})


def test_what_was_read_once_is_hashed_only(manifest, examined):
    first, again = (scan(FileRecordings(manifest), DataSettings()) for _ in range(2))
    assert examined == ["a", "b", "c", "copy"]
    pd.testing.assert_frame_equal(first.records, again.records, check_exact=True)
    assert (first.signal, first.channels, first.warnings) == (again.signal, again.channels, again.warnings)


def test_a_changed_file_of_the_same_size_and_date_is_read_again(manifest, examined):
    before = scan(FileRecordings(manifest), DataSettings()).records
    path = manifest["path"][1]
    path = Path(path)
    state = path.stat()
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    after = scan(FileRecordings(manifest), DataSettings()).records
    assert "b" in examined[4:]
    assert (before["digest"] != after["digest"]).tolist() == [False, True, False, False]
    assert (before["content"] != after["content"]).tolist() == [False, True, False, False]


def test_a_suffix_without_a_reader_is_told_as_at_first(manifest, examined):
    scan(FileRecordings(manifest), DataSettings())
    path = Path(manifest["path"][1])
    manifest.loc[1, "path"] = str(path.rename(path.with_suffix(".xyz")))
    with pytest.raises(DataError, match="1 of 4 recordings cannot be used") as error:
        scan(FileRecordings(manifest), DataSettings())
    assert "no reader for the suffix '.xyz'" in error.value.details[0]


@pytest.mark.parametrize("change", [{"start": 0.5}, {"stop": 1.0}, {"declared_rate": 100.0}])
def test_other_bounds_are_other_facts(manifest, examined, change):
    scan(FileRecordings(manifest), DataSettings())
    scan(FileRecordings(manifest.assign(**change)), DataSettings())
    assert len(examined) == 8


def test_a_bad_file_is_looked_at_every_time(manifest, examined, wav):
    wav("b.wav", np.zeros(200))
    for _ in range(2):
        with pytest.raises(DataError, match="1 of 4 recordings cannot be used"):
            scan(FileRecordings(manifest), DataSettings())
    assert examined == ["a", "b", "c", "copy", "b"]


@pytest.mark.parametrize("damage", [b"", b"0" * 64 + b"\n{}", b"\xff"])
def test_a_damaged_memory_is_no_memory(manifest, examined, damage):
    expected = scan(FileRecordings(manifest), DataSettings()).records
    (entry,) = (cache_folder() / "scans").iterdir()
    entry.write_bytes(damage)
    pd.testing.assert_frame_equal(scan(FileRecordings(manifest), DataSettings()).records, expected)
    assert len(examined) == 8


def test_nothing_is_kept_of_recordings_in_memory():
    scan(ArrayRecordings(np.random.default_rng(0).normal(size=(3, 1, 50)), 10, list("aab")), DataSettings())
    assert not (cache_folder() / "scans").exists()
