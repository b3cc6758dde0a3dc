"""Importing fusionkit is light and changes nothing."""

from __future__ import annotations

import importlib
import subprocess
import sys

import fusionkit

HEAVY = {"torch", "torchaudio", "numpy", "pandas", "scipy", "sklearn", "matplotlib", "pywt", "soundfile", "jinja2"}

STATE = """
import logging, os, random, signal, sys, warnings

def state():
    return (
        [signal.getsignal(number) for number in sorted(signal.valid_signals())],
        list(logging.root.handlers), logging.root.level, dict(logging.root.manager.loggerDict),
        random.getstate(), list(warnings.filters), dict(os.environ), os.getcwd(),
        sys.getrecursionlimit(), sys.excepthook, sys.stdout, sys.stderr,
    )
"""


def run(code: str, *flags: str) -> str:
    done = subprocess.run([sys.executable, *flags, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_import_is_light_and_leaves_no_trace() -> None:
    code = f"""{STATE}
before = state()
import fusionkit
assert state() == before
assert fusionkit.__version__
print(*sorted({HEAVY!r} & set(sys.modules)))
"""
    assert run(code, "-W", "error").strip() == ""


def test_what_is_used_leaves_the_process_as_it_was() -> None:
    code = f"""
import torch, numpy, pandas, sklearn.metrics
{STATE}
def numbers():
    kind, keys, *rest = numpy.random.get_state()
    return torch.get_rng_state().tolist(), keys.tolist(), rest, torch.get_num_threads(), torch.get_default_dtype()
names = {fusionkit.__all__!r}
before, drawn = state(), numbers()
import fusionkit
for name in names:
    getattr(fusionkit, name)
after = state()
labels = "signals handlers level loggers random filters environment folder recursion hook out err".split()
for label, old, new in zip(labels, before, after, strict=True):
    if label not in ("loggers", "filters"):  # those of the libraries
        assert old == new, label
assert numbers() == drawn
"""
    assert run(code) == ""


def test_help_of_the_module_imports_nothing_heavy() -> None:
    code = f"""
import runpy, sys
sys.argv = ["fusionkit", "--help"]
try:
    runpy.run_module("fusionkit", run_name="__main__", alter_sys=True)
except SystemExit as stop:
    assert not stop.code
heavy = {HEAVY | {"pluggy", "fusionkit.plugins"}!r} & set(sys.modules)
assert not heavy, heavy
"""
    assert "Usage: fusionkit" in run(code)
    asked = subprocess.run([sys.executable, "-m", "fusionkit", "--help"], capture_output=True, text=True, check=False)
    assert asked.returncode == 0
    assert "Commands:" in asked.stdout


def test_every_public_name_is_there() -> None:
    assert sorted(fusionkit.__all__) == list(fusionkit.__all__)
    assert set(fusionkit.__all__) == set(fusionkit._HOMES)
    for name in fusionkit.__all__:
        value = getattr(fusionkit, name)
        assert value.__class__.__name__ == "HookimplMarker" or value.__module__.startswith("fusionkit."), name
        assert name in dir(fusionkit)


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(fusionkit, "no_such_name")
    assert importlib.import_module("fusionkit.errors").UsageError.exit_code == 2
