import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from fusionkit.data.guarded_process import GuardedProcess, ProcessDiedError
from fusionkit.data.mat_file import MatFile
from fusionkit.data.readers import read_header, read_samples
from fusionkit.data.signal_header import Declared
from fusionkit.errors import DataError

X = np.random.default_rng(0).normal(size=(2, 50))
ECHO = "import sys, time, json, os\nprint('{}', flush=True)\nfor line in sys.stdin:\n    r = json.loads(line)\n    "


@pytest.mark.parametrize("options", [{"format": "4"}, {"format": "5"}, {"do_compression": True}], ids=str)
def test_samples_rate_and_variable(tmp_path, options):
    path = tmp_path / "a.mat"
    scipy.io.savemat(path, {"sig": X, "fs": 125, "note": "text"}, **options)
    header = read_header(path)
    assert (header.channels, header.samples, header.sample_rate) == (2, 50, 125.0)
    np.testing.assert_allclose(read_samples(path, 3, 40), X[:, 3:40], rtol=1e-6)
    scipy.io.savemat(path, {"a": X, "b": (X * 100).astype(np.int16), "s": {"x": X}})
    with pytest.raises(DataError, match=r"2 arrays that could be the signal \(in it: a, b\)"):
        read_header(path, Declared(125.0))
    chosen = Declared(125.0, "b")
    assert read_header(path, chosen).samples == 50
    np.testing.assert_array_equal(read_samples(path, 0, 50, chosen), (X * 100).astype(np.int16))


def refused(path, message):
    with pytest.raises(DataError, match=message) as error:
        read_samples(path, 0, read_header(path).samples)
    assert str(error.value).startswith(f"{path}: ")
    assert str(error.value).isprintable()


def test_what_is_no_signal_is_refused(tmp_path):
    path = tmp_path / "a.mat"
    path.write_bytes(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(512) + b"\x89HDF\r\n\x1a\n")
    refused(path, "version 7.3, which is not read; save it with -v7")
    path.write_bytes(b"no such thing at all" * 20)
    refused(path, "cannot be decoded")
    scipy.io.savemat(path, {"x": X.T, "fs": 1.0})
    refused(path, "transpose the array")
    scipy.io.savemat(path, {"x": X * 1j, "fs": 1.0})
    refused(path, "no plain numbers in 'x'")
    scipy.io.savemat(path, {"x": X})
    refused(path, "does not state its sample rate")


LIMIT = 1.0  # s


def program(tmp_path, body):
    path = tmp_path / "program.py"
    path.write_text(ECHO + body)
    return GuardedProcess(path, lambda answer: answer.get("size", 0))


def test_a_program_that_dies_is_started_anew(tmp_path):
    process = program(tmp_path, "os.abort() if r.get('die') else print(json.dumps({'pid': os.getpid()}), flush=True)")
    first = process.ask({}, LIMIT)[0]["pid"]
    assert process.ask({}, LIMIT)[0]["pid"] == first
    with pytest.raises(ProcessDiedError, match="crashed"):
        process.ask({"die": True}, LIMIT)
    assert process.ask({}, LIMIT)[0]["pid"] != first
    process.close()


def test_a_program_that_hangs_is_ended(tmp_path):
    process = program(tmp_path, "time.sleep(60)")
    with pytest.raises(ProcessDiedError, match="took longer than 1 s"):
        process.ask({}, LIMIT)


def test_a_program_that_was_ended_is_not_said_to_have_crashed(tmp_path, monkeypatch):
    kill = subprocess.Popen.kill

    def kill_and_dawdle(process):
        kill(process)
        if threading.current_thread() is not threading.main_thread():
            time.sleep(0.5)

    process = program(tmp_path, "time.sleep(60)")
    monkeypatch.setattr(subprocess.Popen, "kill", kill_and_dawdle)
    with pytest.raises(ProcessDiedError, match="took longer than 1 s"):
        process.ask({}, LIMIT)


@pytest.mark.parametrize(("size", "seconds"), [(2_000_000, 5.1), (400_000_000, 25.0)])
def test_a_large_file_has_more_time(tmp_path, size, seconds):
    class Decoder:
        def ask(self, request, limit):
            assert request["path"] == str(path)
            limits.append(limit)
            return {"error": "enough"}, b""

    limits, reader = [], MatFile()
    path = tmp_path / "a.mat"
    path.write_bytes(b"MATLAB 5.0".ljust(520))
    os.truncate(path, size)
    reader._process = Decoder()
    with pytest.raises(DataError, match="enough"):
        reader.header(path, Declared())
    assert limits == [pytest.approx(seconds)]


@pytest.mark.parametrize("answer", ["no json", '{"size": 9}'])
def test_an_answer_that_is_none_counts_as_a_crash(tmp_path, answer):
    process = program(tmp_path, f"print({answer!r}, flush=True); sys.exit()")
    with pytest.raises(ProcessDiedError, match="crashed"):
        process.ask({}, LIMIT)


def _forked(process, pipe):
    pipe.send(process.ask({}, LIMIT)[0]["pid"])
    process.close()
    pipe.close()


@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_fork_has_a_program_of_its_own(tmp_path):
    process = program(tmp_path, "print(json.dumps({'pid': os.getpid()}), flush=True)")
    first = process.ask({}, LIMIT)[0]["pid"]
    ours, theirs = multiprocessing.Pipe()
    child = multiprocessing.get_context("fork").Process(target=_forked, args=(process, theirs))
    child.start()
    assert ours.recv() != first
    child.join()
    assert process.ask({}, LIMIT)[0]["pid"] == first
    process.close()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_program_ends_with_the_process_that_asks(tmp_path):
    scipy.io.savemat(tmp_path / "a.mat", {"x": X, "fs": 1.0})
    code = (
        "import sys, time\nfrom fusionkit.data.readers import READERS, read_header\nread_header(sys.argv[1])\n"
        "print(READERS['.mat']._process._process.pid, flush=True)\ntime.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "a.mat")], stdout=subprocess.PIPE)
    worker = int(parent.stdout.readline())
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    state = Path(f"/proc/{worker}/stat")
    for _ in range(100):
        if not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return
        time.sleep(0.1)
    os.kill(worker, signal.SIGKILL)
    pytest.fail("the program outlived its parent")
