"""Every example runs; the experiments run shortened."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Answer

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.mark.parametrize("script", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_script(script: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    auc = re.search(r"(\d\.\d+)\n", done.stdout)
    assert auc is not None
    assert float(auc[1]) > 0.6


@pytest.mark.parametrize("experiment", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem)
def test_experiment(fusionkit: Callable[..., Answer], experiment: Path) -> None:
    name = f"demo_{experiment.stem}"
    answer = fusionkit(
        *("run", "--config", experiment, "--epochs", 1, "--json", "--out", "here"),
        *("-o", f"{name}.records=40", "-o", f"{name}.subjects=20"),
    )
    assert answer.code == 0, answer.err
    result = json.loads(answer.out)
    assert result["metrics"]["test"]["records"] >= 4
    assert any("simulated" in caution for caution in result["cautions"])
