"""Files that taught something, and a few hundred changed ones of every kind."""

from pathlib import Path

import pytest

from tests.fuzz.fuzz_readers import WRITERS, fuzz, look

CORPUS = sorted((Path(__file__).parent / "corpus").iterdir())


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
def test_files_that_taught_something_are_refused(path):
    assert look(path) == "refused"


@pytest.mark.parametrize("kind", WRITERS)
def test_changed_files_are_refused_or_read_whole(kind, tmp_path):
    outcome = fuzz(kind, 300, 1, tmp_path)
    assert not outcome.finds
    assert outcome.counts["refused"]
    assert outcome.counts["read"]
