import errno
import json
import os
import threading
import time

import numpy as np
import pytest
import torch

from fusionkit.data import cache_entry
from fusionkit.data.recordings import ArrayRecordings
from fusionkit.data.scan import scan
from fusionkit.data.settings import DataSettings
from fusionkit.data.view_cache import ViewCache, cache_folder
from fusionkit.data.windows import WindowReader, plan_windows


class Square(torch.nn.Module):
    """Counts how many signals it has seen."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.seen += len(x)
        return x[:, :, None] ** 2


@pytest.fixture
def signals():
    return np.random.default_rng(0).normal(size=(10, 2, 30)).astype(np.float32)


@pytest.fixture
def cache(tmp_path):
    """A cache and the warnings that it gives."""
    warnings: list[str] = []
    return ViewCache(tmp_path, warn=warnings.append), warnings


def test_folder_follows_the_environment(monkeypatch, tmp_path):
    for variable in ("FUSIONKIT_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert cache_folder() == tmp_path / "fusionkit"
    monkeypatch.setenv("HOME", "/home/x")
    assert str(cache_folder()) == "/home/x/.cache/fusionkit"
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert str(cache_folder()) == "/xdg/fusionkit"
    monkeypatch.setenv("FUSIONKIT_CACHE", "/own")
    assert str(cache_folder()) == "/own"


def test_views_are_computed_once(cache, signals):
    module, progress = Square(), []
    for _ in range(3):
        views = cache[0].views(module, "square", signals, batch_size=4, progress=lambda *at: progress.append(at))
        np.testing.assert_array_equal(views, signals[:, :, None] ** 2)
        assert isinstance(views, np.memmap)
        assert not views.flags.writeable
    assert module.seen == 10
    assert progress == [(4, 10), (8, 10), (10, 10)]
    assert cache[1] == []


def test_another_key_or_another_signal_is_another_entry(cache, signals):
    module = Square()
    cache[0].views(module, "square", signals)
    cache[0].views(module, "square 2", signals)
    cache[0].views(module, "square", signals + 1)
    assert module.seen == 30


def test_signals_are_the_windows_of_the_plan(cache, signals):
    recordings = ArrayRecordings(signals, 10, list("ab" * 5))
    settings = DataSettings(duration=1.0, window="hop")
    scanned = scan(recordings, settings)
    plan = plan_windows(scanned, settings)
    expected = signals.reshape(10, 2, 3, 10).transpose(0, 2, 1, 3).reshape(30, 2, 10)
    for _ in range(2):
        np.testing.assert_array_equal(cache[0].signals(WindowReader(recordings, scanned), plan), expected)
    np.testing.assert_array_equal(cache[0].signals(WindowReader(recordings, scanned), plan[3:5]), expected[3:5])


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    "damage",
    [
        lambda entry: flip(entry / "data.npy"),
        lambda entry: flip(entry / "manifest.json"),
        lambda entry: os.truncate(entry / "data.npy", 150),
        lambda entry: os.truncate(entry / "manifest.json", 0),
        lambda entry: (entry / "manifest.json").write_text("[]"),
        lambda entry: (entry / "data.npy").unlink(),
        lambda entry: (entry / "manifest.json").unlink(),
    ],
)
def test_a_damaged_entry_is_computed_anew_with_a_warning(cache, signals, tmp_path, damage):
    module = Square()
    cache[0].views(module, "square", signals)
    [entry] = (tmp_path / "views").iterdir()
    damage(entry)
    np.testing.assert_array_equal(cache[0].views(module, "square", signals), signals[:, :, None] ** 2)
    assert module.seen == 20
    assert len(cache[1]) == 1
    assert "computed anew" in cache[1][0]
    cache[0].views(module, "square", signals)
    assert module.seen == 20


def test_an_entry_in_the_place_of_another_is_noticed(cache, signals, tmp_path):
    cache[0].views(Square(), "square", signals)
    [first] = (tmp_path / "views").iterdir()
    cache[0].views(Square(), "other", signals)
    [second] = set((tmp_path / "views").iterdir()) - {first}
    for name in ("data.npy", "manifest.json"):
        (second / name).write_bytes((first / name).read_bytes())
    cache[0].views(Square(), "other", signals)
    assert len(cache[1]) == 1


def test_a_full_disk_is_told_once_and_costs_nothing(cache, signals, tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(cache_entry.os, "fsync", full)
    for key in ("a", "b"):
        views = cache[0].views(Square(), key, signals, batch_size=3)
        np.testing.assert_array_equal(views, signals[:, :, None] ** 2)
        assert not views.flags.writeable
    assert len(cache[1]) == 1
    assert "No space left on device" in cache[1][0]
    assert list((tmp_path / "views").iterdir()) == []


def test_a_folder_that_cannot_be_made_is_told_once(tmp_path, signals):
    (tmp_path / "file").touch()
    warnings: list[str] = []
    cache = ViewCache(tmp_path / "file", warn=warnings.append)
    np.testing.assert_array_equal(cache.views(Square(), "a", signals), signals[:, :, None] ** 2)
    assert len(warnings) == 1


def test_an_interrupted_write_leaves_nothing(cache, signals, tmp_path):
    class Interrupted(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache[0].views(Interrupted(), "a", signals)
    assert list((tmp_path / "views").iterdir()) == []


def test_writers_that_start_together_agree(tmp_path, signals):
    start = threading.Barrier(8)
    results, warnings = [], []

    def run() -> None:
        cache = ViewCache(tmp_path, warn=warnings.append)
        start.wait()
        results.append(np.array(cache.views(Square(), "a", signals, batch_size=1)))

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8
    for result in results:
        np.testing.assert_array_equal(result, signals[:, :, None] ** 2)
    assert warnings == []
    [entry] = (tmp_path / "views").iterdir()
    assert json.loads((entry / "manifest.json").read_text())["key"] == entry.name


def test_abandoned_writes_are_swept_and_recent_ones_kept(tmp_path):
    views = tmp_path / "views"
    for name, age in ((".unfinished-old", 90_000), (".unfinished-new", 60)):
        (views / name).mkdir(parents=True)
        os.utime(views / name, (time.time() - age,) * 2)
    ViewCache(tmp_path)
    assert [path.name for path in views.iterdir()] == [".unfinished-new"]
