"""The runs whose weights a run starts from."""

from __future__ import annotations

from pathlib import Path

from fusionkit.config.run_config import RunConfig


def initial_runs(config: RunConfig) -> list[Path]:
    """Return the run folders or checkpoints that ``init`` and ``init_branch`` name."""
    of_branches = [text.partition("=")[2] for text in config.training.init_branch or ()]
    return [Path(place) for place in (config.training.init, *of_branches) if place]
