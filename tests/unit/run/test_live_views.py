"""Views that are computed in every step, against views on disk."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fusionkit.errors import UsageError
from fusionkit.registry import Registry
from fusionkit.run.run import run
from tests.unit.run.conftest import tiny


def test_live_views_train_as_those_on_disk(registry: Registry, heart_folder: Path, tmp_path: Path) -> None:
    found = []
    for views in ("cached", "step"):
        config = tiny(heart_folder, 2, training={"views": views})
        folder = run(config, registry, out=tmp_path / views).folder
        found.append(pd.read_csv(folder / "predictions.csv"))
    chances = [table.select_dtypes(np.floating) for table in found]
    assert not chances[0].empty
    np.testing.assert_allclose(chances[0], chances[1], rtol=0, atol=1e-5)


def test_live_views_fill_no_cache_of_views(registry: Registry, heart_folder: Path, tmp_path: Path) -> None:
    run(tiny(heart_folder, 2, training={"views": "step"}), registry, out=tmp_path / "here")
    assert len(list(Path(os.environ["FUSIONKIT_CACHE"]).rglob("data.npy"))) == 1  # the signals


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"precision": "tf32"}, "precision 'tf32' is one of GPUs, and the device is cpu"),
        ({"compile": True, "branch_loss": 0.5}, "compile does not go with branch_loss"),
        ({"compile": True, "branch_drop_rate": 0.5}, "compile does not go with branch_drop_rate"),
    ],
)
def test_what_does_not_go_together(
    registry: Registry, heart_folder: Path, tmp_path: Path, settings: dict[str, object], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        run(tiny(heart_folder, 2, training=settings), registry, out=tmp_path / "here")
    assert not (tmp_path / "here").exists()
