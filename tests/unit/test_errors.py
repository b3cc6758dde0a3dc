from __future__ import annotations

import pickle

import pytest

from fusionkit.errors import (
    DataError,
    FusionkitError,
    IntegrityError,
    PluginError,
    ResourceError,
    RunError,
    UsageError,
    did_you_mean,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [(RunError, 1), (UsageError, 2), (DataError, 3), (PluginError, 4), (IntegrityError, 5), (ResourceError, 6)],
)
def test_exit_codes(error: type[FusionkitError], code: int) -> None:
    assert error("x").exit_code == code


def test_details_stand_below_the_message() -> None:
    error = DataError("two files are bad", ["a.wav: empty", "b.wav: empty"])
    assert error.message == "two files are bad"
    assert str(error).splitlines() == ["two files are bad", "  a.wav: empty", "  b.wav: empty"]
    assert str(DataError("alone")) == "alone"


def test_an_error_survives_a_process_boundary() -> None:
    again = pickle.loads(pickle.dumps(DataError("bad", ["a"])))
    assert (type(again), str(again)) == (DataError, "bad\n  a")


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("dept", ["heads", "depth"], "did you mean 'depth'?"),
        ("zzz", ["b", "a"], "known: a, b"),
        ("zzz", [], "none is known"),
    ],
)
def test_did_you_mean(name: str, known: list[str], hint: str) -> None:
    assert did_you_mean(name, known) == hint
