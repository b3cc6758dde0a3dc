from pathlib import Path

import pytest

from fusionkit.data.spec import existing_folder, parse_spec
from fusionkit.errors import DataError, UsageError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("demo-pcg", ("demo_pcg", None)),
        ("physionet2016:/data/heart", ("physionet2016", Path("/data/heart"))),
        ("folder:relative dir/é", ("folder", Path("relative dir/é"))),
        ("folder:C:\\data", ("folder", Path("C:\\data"))),
        ("heartbeat:/data/mitbih.csv", ("heartbeat", Path("/data/mitbih.csv"))),
        ("records.csv", ("manifest", Path("records.csv"))),
        ("/data/RECORDS.CSV", ("manifest", Path("/data/RECORDS.CSV"))),
        ("C:\\data\\records.csv", ("manifest", Path("C:\\data\\records.csv"))),
    ],
)
def test_spec_gives_adapter_and_path(text, expected):
    assert parse_spec(text) == expected


def test_home_is_expanded(monkeypatch):
    monkeypatch.setenv("HOME", "/home/somebody")
    assert parse_spec("folder:~/data") == ("folder", Path("/home/somebody/data"))


@pytest.mark.parametrize("text", ["", "/data/heart", "./data", "C:\\data", "folder:", "folder:  "])
def test_spec_without_adapter_or_path_is_refused(text):
    with pytest.raises(UsageError, match="expected"):
        parse_spec(text)


def test_existing_folder_says_what_it_found(tmp_path):
    assert existing_folder(tmp_path, "folder") == tmp_path
    (tmp_path / "file").touch()
    for path, message in (
        (None, "write folder:PATH"),
        (tmp_path / "file", "is a file"),
        (tmp_path / "no", "not exist"),
    ):
        with pytest.raises(UsageError if path is None else DataError, match=message):
            existing_folder(path, "folder")
