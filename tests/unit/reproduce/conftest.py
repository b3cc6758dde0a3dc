from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fusionkit.config.run_config import RunConfig
from fusionkit.config.toml import dump
from fusionkit.evaluation.metrics import METRICS
from fusionkit.registry import Provider, Registry
from fusionkit.reproduce.targets import FINDING_F1, Target

MODELS = {"tiny": ("fuser",), "tiny-both": ("encoders.1", "fuser")}
PUBLISHED = {"demo": {"tiny": {"accuracy": (0.75, 0.01), "F1 abnormal": (0.5, None)}}, "ptb": {}}


def _branch(representation: str, encoder: str) -> dict[str, Any]:
    options = {"embed_dim": 8, "depth": 1, "num_heads": 2} if encoder == "vit" else {"channels": [4], "embed_dim": 4}
    return {"representation": representation, "encoder": encoder, "encoder_options": options}


def _preset(*branches: dict[str, Any], fuser: str) -> dict[str, Any]:
    return {
        "repeats": 3,
        "data": {"window": "first", "duration": 1.0},
        "branches": list(branches),
        "fuser": {"name": fuser},
        "training": {"epochs": 7, "batch_size": 8, "device": "cpu"},
        "evaluation": {"intervals": 0},
        "variants": {"published": {"training": {"lr": 0.01}}},
    }


@pytest.fixture
def presets(registry: Registry) -> Registry:
    """Return a registry with tiny presets, one of them staged."""
    one = _preset(_branch("wave", "cnn1d"), fuser="single")
    both = _preset(_branch("stft", "vit"), _branch("wave", "cnn1d"), fuser="late_attention")
    both["stages"] = {"attention": {"epochs": 5, "lr": 0.1}}
    for name, preset in (("tiny", one), ("tiny_both", both), ("tiny_ptb", one), ("tiny_both_ptb", both)):
        registry.register("preset", name, preset, Provider("fusionkit", "test"))
    return registry


@pytest.fixture
def make_target() -> Callable[..., Target]:
    def make(**changes: Any) -> Target:
        given: dict[str, Any] = {
            "name": "demo-table1",
            "paper": "demo",
            "source": "a paper",
            "kind": "scores",
            "models": MODELS,
            "columns": {"accuracy": "accuracy", "F1 abnormal": FINDING_F1},
            "published": PUBLISHED,
            "published_runs": 3,
            "ddof": 1,
        }
        return Target(**(given | changes))

    return make


@pytest.fixture
def fake_run() -> Callable[..., None]:
    """Return a stand-in for a run, that leaves what a table reads."""

    def run(config: RunConfig, registry: Registry, *, out: Path, **_: object) -> None:
        out.mkdir(parents=True, exist_ok=True)
        (out / "config.toml").write_text(dump(config), encoding="utf-8")
        value = 0.5 + config.seed / 10
        f1 = {"normal": 0.1, "abnormal": value / 2}
        test = dict.fromkeys(METRICS) | {"accuracy": value, "f1": f1, "classes": ["normal", "abnormal"]}
        found = {"leaky": False, "record_wise": False, "cautions": ["beware"], "metrics": {"test": test}}
        found["last_epochs"] = {}
        (out / "metrics.json").write_text(json.dumps(found), encoding="utf-8")

    return run
