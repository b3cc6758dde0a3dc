import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from fusionkit.data import block_helpers, cache_entry, parallel_blocks
from fusionkit.data.cache_folder import cache_folder
from fusionkit.data.entry_lock import UNFINISHED, unfinished
from fusionkit.data.recordings import ArrayRecordings
from fusionkit.data.scan import scan
from fusionkit.data.settings import DataSettings
from fusionkit.data.view_cache import BLOCK, ViewCache
from fusionkit.data.windows import WindowReader, plan_windows
from fusionkit.errors import ResourceError
from fusionkit.interfaces import SignalSpec
from fusionkit.representations.mel import Mel

WINDOWS = 30


class Square(torch.nn.Module):
    """Counts how many signals it has seen."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.seen += len(x)
        return x[:, :, None] ** 2


@pytest.fixture
def x():
    return np.random.default_rng(0).normal(size=(WINDOWS, 2, 30)).astype(np.float32)


@pytest.fixture
def cache(tmp_path):
    """A cache and the warnings that it gives."""
    warnings: list[str] = []
    return ViewCache(tmp_path, warn=warnings.append, workers=1), warnings


def signals_of(cache, x, progress=None):
    recordings = ArrayRecordings(x, 10, list("ab" * (len(x) // 2)))
    scanned = scan(recordings, DataSettings())
    return cache.signals(WindowReader(recordings, scanned), plan_windows(scanned, DataSettings()), progress)


def data_of(entry):
    return entry.path.parent / "data.npy"


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


def test_views_are_computed_once(cache, x):
    module, progress = Square(), []
    signals = signals_of(cache[0], x)
    for _ in range(3):
        views = cache[0].views(module, "square", signals, progress=lambda *at: progress.append(at))
        assert (len(views), views.shape, views.finite) == (WINDOWS, (WINDOWS, 2, 1, 30), True)
        np.testing.assert_array_equal(views, x[:, :, None] ** 2)
        np.testing.assert_array_equal(np.load(data_of(views)), x[:, :, None] ** 2)
        assert not views[:].flags.writeable
    assert module.seen == WINDOWS
    assert progress == [(8, WINDOWS), (16, WINDOWS), (24, WINDOWS), (WINDOWS, WINDOWS)]
    assert cache[1] == []


@pytest.mark.parametrize(
    "rows", [5, -1, slice(3, 19), slice(None, None, 7), np.array([29, 0, 9, 9]), np.array([], int)]
)
def test_rows_are_chosen_as_in_an_array(cache, x, rows):
    np.testing.assert_array_equal(signals_of(cache[0], x)[rows], x[rows])


def test_another_key_or_another_signal_is_another_entry(cache, x):
    module = Square()
    for key, values in (("square", x), ("square 2", x), ("square", x + 1)):
        cache[0].views(module, key, signals_of(cache[0], values))
    assert module.seen == 3 * WINDOWS


def test_signals_are_the_windows_of_the_plan(cache, x):
    recordings = ArrayRecordings(x, 10, list("ab" * 15))
    settings = DataSettings(duration=1.0, window="hop")
    scanned = scan(recordings, settings)
    plan = plan_windows(scanned, settings)
    expected = x.reshape(30, 2, 3, 10).transpose(0, 2, 1, 3).reshape(90, 2, 10)
    for _ in range(2):
        np.testing.assert_array_equal(cache[0].signals(WindowReader(recordings, scanned), plan), expected)
    np.testing.assert_array_equal(cache[0].signals(WindowReader(recordings, scanned), plan[3:5]), expected[3:5])


def test_values_that_are_not_finite_are_known_without_reading(cache, x):
    for key in ("a", "a"):
        assert not cache[0].views(torch.nn.Threshold(9.0, float("inf")), key, signals_of(cache[0], x)).finite


def flip(path, place=None):
    content = bytearray(path.read_bytes())
    content[len(content) // 2 if place is None else place] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    "damage",
    [
        lambda entry: flip(entry / "manifest.json"),
        lambda entry: flip(entry / "data.npy", 20),
        lambda entry: os.truncate(entry / "data.npy", 150),
        lambda entry: os.truncate(entry / "manifest.json", 0),
        lambda entry: (entry / "manifest.json").write_text("[]"),
        lambda entry: (entry / "data.npy").unlink(),
        lambda entry: (entry / "manifest.json").unlink(),
    ],
)
def test_a_broken_entry_is_computed_anew_with_a_warning(cache, x, damage):
    module, signals = Square(), signals_of(cache[0], x)
    damage(cache[0].views(module, "square", signals).path.parent)
    np.testing.assert_array_equal(cache[0].views(module, "square", signals), x[:, :, None] ** 2)
    assert module.seen == 2 * WINDOWS
    assert len(cache[1]) == 1
    assert "computed anew" in cache[1][0]
    cache[0].views(module, "square", signals)
    assert module.seen == 2 * WINDOWS


def test_every_changed_byte_of_an_entry_is_noticed(cache, x):
    entry = signals_of(cache[0], x).path.parent
    whole = {name: (entry / name).read_bytes() for name in ("data.npy", "manifest.json")}
    places = np.random.default_rng(1)
    for name, content in whole.items():
        for place in places.integers(0, len(content), 100):
            flip(entry / name, place)
            before = len(cache[1])
            np.testing.assert_array_equal(signals_of(cache[0], x), x)
            assert len(cache[1]) == before + 1
            assert (entry / "data.npy").read_bytes() == whole["data.npy"]


def test_only_damaged_rows_are_computed_anew(cache, x):
    module, signals = Square(), signals_of(cache[0], x)
    views = cache[0].views(module, "square", signals)
    flip(data_of(views), views._offset + views[:1].nbytes * (BLOCK + 1))
    again = cache[0].views(module, "square", signals)
    np.testing.assert_array_equal(again[:BLOCK], x[:BLOCK, :, None] ** 2)
    assert cache[1] == []  # what was not read was not looked at
    np.testing.assert_array_equal(again, x[:, :, None] ** 2)
    assert module.seen == WINDOWS + BLOCK
    assert "rows 8 to 15 are damaged and computed anew" in cache[1][0]


def test_a_long_row_has_a_hash_of_its_own(cache):
    x = np.random.default_rng(0).normal(size=(10, 1, 1 << 15)).astype(np.float32)
    module, signals = Square(), signals_of(cache[0], x)
    views = cache[0].views(module, "square", signals)
    flip(data_of(views), views._offset + views[:1].nbytes * 9)
    again = cache[0].views(module, "square", signals)
    np.testing.assert_array_equal(again[np.array([8, 0])], x[[8, 0], :, None] ** 2)
    assert cache[1] == []  # it shares a block with row 8, and no hash
    np.testing.assert_array_equal(again[9], x[9, :, None] ** 2)
    assert module.seen == 12
    assert len(cache[1]) == 1
    assert "rows 8 to 9 are damaged and computed anew" in cache[1][0]
    assert np.array_equal(cache[0].views(module, "square", signals)[9], again[9])
    assert len(cache[1]) == 1  # it was mended on disk


def test_a_block_of_damaged_long_rows_is_computed_once(cache, monkeypatch):
    x = np.random.default_rng(0).normal(size=(20, 1, 1 << 15)).astype(np.float32)
    module, signals = Square(), signals_of(cache[0], x)
    views = cache[0].views(module, "square", signals)
    for row in range(12):
        flip(data_of(views), views._offset + views[:1].nbytes * row)
    again = cache[0].views(module, "square", signals)
    monkeypatch.setattr(os, "pwrite", lambda *_: (_ for _ in ()).throw(OSError(errno.EROFS, "read-only")))
    np.testing.assert_array_equal(again, x[:, :, None] ** 2)
    assert module.seen == 20 + 2 * BLOCK
    assert [note.split(": ")[1] for note in cache[1]] == [
        f"rows {rows} are damaged and computed anew" for rows in ("0 to 7", "8 to 15")
    ]


def test_damaged_rows_are_right_where_the_entry_cannot_be_mended(cache, x, monkeypatch):
    signals = signals_of(cache[0], x)
    flip(data_of(signals), -1)
    again = signals_of(cache[0], x)
    monkeypatch.setattr(os, "pwrite", lambda *_: (_ for _ in ()).throw(OSError(errno.EROFS, "read-only")))
    np.testing.assert_array_equal(again, x)
    np.testing.assert_array_equal(again[np.array([29, 3])], x[[29, 3]])


def test_an_entry_in_the_place_of_another_is_noticed(cache, x):
    signals = signals_of(cache[0], x)
    first, second = (cache[0].views(Square(), key, signals).path.parent for key in ("square", "other"))
    for name in ("data.npy", "manifest.json"):
        (second / name).write_bytes((first / name).read_bytes())
    cache[0].views(Square(), "other", signals)
    assert len(cache[1]) == 1


def test_a_full_disk_is_told_once_and_costs_nothing(cache, x, tmp_path, monkeypatch):
    true = os.posix_fallocate

    def full(descriptor, start, size):
        if tmp_path in Path(f"/proc/self/fd/{descriptor}").readlink().parents:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        true(descriptor, start, size)

    elsewhere = tmp_path.parent / f"{tmp_path.name}-elsewhere"
    elsewhere.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(elsewhere))
    monkeypatch.setattr(cache_entry.os, "posix_fallocate", full)
    signals = signals_of(cache[0], x)
    for key in ("a", "b"):
        np.testing.assert_array_equal(cache[0].views(Square(), key, signals), x[:, :, None] ** 2)
    assert len(cache[1]) == 1
    assert "No space left on device" in cache[1][0]
    assert list((tmp_path / "views").iterdir()) == []
    assert list(elsewhere.iterdir()) == []  # the files have no names any more

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(ResourceError, match="No space left on device; free space, or name"):
        cache[0].views(Square(), "c", signals)


def test_a_folder_that_cannot_be_made_is_told_once(tmp_path, x):
    (tmp_path / "file").touch()
    warnings: list[str] = []
    cache = ViewCache(tmp_path / "file", warn=warnings.append)
    np.testing.assert_array_equal(cache.views(Square(), "a", signals_of(cache, x)), x[:, :, None] ** 2)
    assert len(warnings) == 1


class Interrupted(torch.nn.Module):
    """Is stopped by the user."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        raise KeyboardInterrupt


def test_an_interrupted_write_leaves_nothing(cache, x, tmp_path):
    signals = signals_of(cache[0], x)
    with pytest.raises(KeyboardInterrupt):
        cache[0].views(Interrupted(), "a", signals)
    assert list((tmp_path / "views").iterdir()) == [signals.path.parent]


def test_writers_that_start_together_do_the_work_once(tmp_path, x):
    start, module = threading.Barrier(8), Square()
    results, warnings = [], []
    signals = signals_of(ViewCache(tmp_path), x)

    def run() -> None:
        cache = ViewCache(tmp_path, warn=warnings.append, workers=1)
        start.wait()
        results.append(np.array(cache.views(module, "a", signals)))

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8
    for result in results:
        np.testing.assert_array_equal(result, x[:, :, None] ** 2)
    assert (warnings, module.seen) == ([], WINDOWS)
    assert len(list((tmp_path / "views").iterdir())) == 2


def test_left_overs_of_the_dead_are_swept_and_those_of_the_living_kept(tmp_path):
    views = tmp_path / "views"
    (views / f"{UNFINISHED}dead").mkdir(parents=True)
    (views / f"{UNFINISHED}dead" / "data.npy").touch()
    notes: list[str] = []
    with unfinished(views / "alive") as folder:
        ViewCache(tmp_path, warn=notes.append)
        assert folder is not None
        assert list(views.iterdir()) == [folder]
    assert "deleted what 1 killed runs had left unfinished" in notes[0]
    assert list(views.iterdir()) == []


@pytest.mark.parametrize("workers", [0, 1, 2, 4])
def test_who_computes_changes_no_bit(tmp_path, monkeypatch, workers):
    monkeypatch.setattr(parallel_blocks, "_WORTH", 0.0)
    monkeypatch.setattr(parallel_blocks, "_TRIED", 0.0)
    started = []
    true = block_helpers.BlockHelpers.start
    monkeypatch.setattr(block_helpers.BlockHelpers, "start", lambda self, n: (started.append(n), true(self, n)))
    x = np.random.default_rng(0).normal(size=(8 * BLOCK, 1, 4000)).astype(np.float32)
    module = Mel(SignalSpec(1, 4000, 2000.0))
    signals = signals_of(ViewCache(tmp_path / "signals", workers=1), x)
    progress = []
    views = ViewCache(tmp_path, workers=workers).views(module, "mel", signals, progress=lambda *at: progress.append(at))
    assert started == ([workers - 1] if workers > 1 else [])
    assert progress[-1] == (64, 64)
    assert progress == sorted(progress)
    torch.set_num_threads(1)
    expected = np.concatenate([module(torch.from_numpy(x[at : at + BLOCK]).clone()) for at in range(0, 64, BLOCK)])
    np.testing.assert_array_equal(views, expected)


class Lost:
    """Stands for the process that is started: it is killed at once."""

    def __init__(self, command, **pipes) -> None:
        self._process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], **pipes)
        self._process.kill()

    def __getattr__(self, name):
        return getattr(self._process, name)


def test_a_worker_that_is_killed_is_told(cache, x, monkeypatch):
    monkeypatch.setattr(parallel_blocks, "_WORTH", 0.0)
    monkeypatch.setattr(parallel_blocks, "_TRIED", 0.0)
    monkeypatch.setattr(block_helpers, "subprocess", type("S", (), {"Popen": Lost, "PIPE": subprocess.PIPE}))
    signals = signals_of(cache[0], x)
    # Time for its end to be seen, before this process has done all the work alone.
    slow = {"progress": lambda *_: time.sleep(1)}
    with pytest.raises(ResourceError, match=r"killed \(out of memory\?; exit status -9\)"):
        ViewCache(signals.path.parents[2], workers=2).views(torch.nn.Identity(), "a", signals, **slow)
    assert list(signals.path.parents[1].iterdir()) == [signals.path.parent]


OWNER = """
import os, signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job of a shell would ignore it
import numpy as np, torch
from pathlib import Path
from fusionkit.data import parallel_blocks
from fusionkit.data.row_job import ViewJob
from fusionkit.data.cache_entry import write_entry
parallel_blocks._WORTH = parallel_blocks._TRIED = 0.0
write_entry(Path(sys.argv[1]), "a", ViewJob(torch.nn.Identity(), np.zeros((8000, 1, 10), np.float32), 8), 3,
            lambda done, of: (print(done, flush=True), time.sleep(0.05)))
"""


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_no_process_outlives_its_owner(tmp_path, how):
    entry = tmp_path / "views" / "entry"
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(entry)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert owner.stdout is not None
    with owner, owner.stdout:
        owner.stdout.readline()
        owner.stdout.readline()
        helpers = children(owner.pid)
        assert len(helpers) == 2
        owner.send_signal(how)
        owner.wait(60)
    end = time.monotonic() + 60
    while any(Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes() for pid in helpers):
        assert time.monotonic() < end
        time.sleep(0.1)
    assert not entry.exists()
    ViewCache(tmp_path, warn=print)
    assert list(entry.parent.iterdir()) == []


def test_an_entry_says_what_it_holds(cache, x):
    signals = signals_of(cache[0], x)
    text = (signals.path.parent / "manifest.json").read_text().partition("\n")[2]
    assert json.loads(text)["label"] == "signals"
