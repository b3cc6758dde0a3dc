from __future__ import annotations

from pathlib import Path
from typing import Any

from fusionkit.config.run_config import RunConfig
from fusionkit.config.toml import from_tables

CNN = {"channels": (3, 4), "embed_dim": 5}


def tiny(spec: str | Path, count: int = 1, **tables: Any) -> RunConfig:
    """Return the configuration of a tiny run."""
    branch = {"representation": "wave", "encoder": "cnn1d", "encoder_options": CNN}
    defaults = {
        "seed": 3,
        "branches": [branch] * count,
        "fuser": {"name": "single" if count == 1 else "concat"},
        "data": {"spec": f"folder:{spec}", "options": {"subject": r"^(s\d+)_"}},
        "training": {"epochs": 2, "batch_size": 8, "device": "cpu"},
    }
    merged = {key: {**value, **tables.pop(key, {})} for key, value in defaults.items() if isinstance(value, dict)}
    return from_tables({**defaults, **merged, **tables})
