import json
import os
import time
from pathlib import Path

import pytest

from fusionkit.data.cache_entry import open_entry
from fusionkit.data.cache_folder import cache_folder
from tests.conftest import TINY

DAY = 86400.0


@pytest.fixture
def filled(fusionkit, heart_folder):
    """A cache that a run has filled; its entries were last used 0, 1, 2, ... days ago, signals most recently."""
    answer = fusionkit(
        "run", "--data", f"folder:{heart_folder}", "--repr", "stft,wave", "--encoder", "cnn2d,cnn1d", "--dry-run"
    )
    assert answer.code == 0
    answer = fusionkit(
        "run", "--data", f"folder:{heart_folder}", "--repr", "wave", "--encoder", "cnn1d", "--fuser", "single", *TINY
    )
    assert answer.code == 0, answer.err
    kept = sorted(cache_folder().glob("*/*"), key=lambda path: (label(path) != "signals", path))
    for age, path in enumerate(kept):
        used = time.time() - age * DAY - 60
        os.utime(path / "manifest.json" if path.is_dir() else path, (used, used))
    return kept


def label(path: Path) -> str:
    manifest = path / "manifest.json"
    return json.loads(manifest.read_text().partition("\n")[2])["label"] if manifest.is_file() else path.parent.name


def test_info_tells_kinds_sizes_and_ages(fusionkit, filled):
    told = json.loads(fusionkit("cache", "info", "--json").out)
    assert told["folder"] == str(cache_folder())
    found = {(row["kind"], row["label"]): row for row in told["kinds"]}
    assert {kind for kind, _ in found} == {"views", "near-duplicates", "scans"}
    assert {name for kind, name in found if kind == "views"} == {"signals", "wave"}
    signals = next(path for path in filled if label(path) == "signals")
    size = sum(file.stat().st_blocks * 512 for file in signals.iterdir())
    assert found["views", "signals"]["bytes"] == size
    assert found["views", "signals"]["entries"] == 1
    assert 60 <= found["views", "signals"]["newest_s"] < 600
    assert told["bytes"] == sum(row["bytes"] for row in told["kinds"])
    text = fusionkit("cache", "info").out
    assert str(cache_folder()) in text
    assert "1 min ago" in text
    assert len(text.splitlines()) == 2 + len(found)


def test_info_of_no_cache(fusionkit):
    assert "not made yet" in fusionkit("cache", "info").out


def test_prune_by_age_keeps_what_was_used_since(fusionkit, filled):
    trial = fusionkit("cache", "prune", "--older-than", "36h", "--dry-run")
    assert all(path.exists() for path in filled)
    answer = fusionkit("cache", "prune", "--older-than", "36h")
    assert [path.exists() for path in filled] == [True, True, *[False] * (len(filled) - 2)]
    assert trial.out.replace("would delete", "deleted").replace("would be freed", "freed") == answer.out
    assert all(str(path) in answer.out for path in filled[2:])


def test_prune_by_size_keeps_the_most_recently_used(fusionkit, filled):
    sizes = [sum(f.stat().st_blocks * 512 for f in (p.iterdir() if p.is_dir() else [p])) for p in filled]
    fusionkit("cache", "prune", "--larger-than", f"{sum(sizes[:2]) / 1e6:.6f}MB")
    assert [path.exists() for path in filled] == [True, True, *[False] * (len(filled) - 2)]
    fusionkit("cache", "prune", "--larger-than", f"{(sum(sizes[:2]) - 1) / 1e6:.6f}MB")
    assert [path.exists() for path in filled] == [True, *[False] * (len(filled) - 1)]


def test_prune_spares_what_is_open_and_the_next_run_works(fusionkit, filled, heart_folder):
    rows = open_entry(filled[0])
    answer = fusionkit("cache", "prune", "--all")
    assert [path.exists() for path in filled] == [True, *[False] * (len(filled) - 1)]
    assert "kept, because a run has it open: views, signals" in answer.out
    assert len(rows[:]) == 24
    del rows
    assert fusionkit("cache", "prune", "--all").code == 0
    assert not filled[0].exists()


def test_prune_without_a_choice_deletes_left_overs_only(fusionkit, filled):
    dead = [cache_folder() / "views" / ".unfinished-x", cache_folder() / "scans" / ".unfinished-1-y.json"]
    dead[0].mkdir()
    (dead[0] / "data.npy").write_bytes(b"1" * 5000)
    dead[1].touch()
    os.utime(dead[1], (0, 0))
    answer = fusionkit("cache", "prune")
    assert answer.out.startswith("deleted left-overs")
    assert not any(path.exists() for path in dead)
    assert all(path.exists() for path in filled)


@pytest.mark.parametrize(("flag", "value"), [("--older-than", "30"), ("--older-than", "x"), ("--larger-than", "-1GB")])
def test_a_measure_without_unit_is_refused(fusionkit, flag, value):
    answer = fusionkit("cache", "prune", flag, value)
    assert answer.code == 2
    assert f"{flag} is '{value}'; expected a number and its unit" in answer.err
    assert answer.err.count("\n") == 1
