"""Runs that are stopped on purpose, and what they leave."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from fusionkit.config.run_config import RunConfig
from fusionkit.errors import StoppedError
from fusionkit.registry import Registry
from fusionkit.run.reporter import SilentReporter
from fusionkit.run.run import run
from fusionkit.training.safekeeping import Safekeeping


class Stop(SilentReporter):
    """Asks for a stop at the n-th thing that it is told or asked; raises where that is not deferred."""

    def __init__(self, number: int) -> None:
        self.left, self.was_deferred = number, False
        self.notes: list[str] = []

    def _count(self, *_: object) -> None:
        self.left -= 1
        if self.left == 0 and not self.was_deferred:
            raise KeyboardInterrupt

    progress = training = _count

    def note(self, text: str) -> None:
        self.notes.append(text)
        self._count()

    def requested(self) -> bool:
        return self.left <= 0

    @contextlib.contextmanager
    def deferred(self) -> Iterator[None]:
        self.was_deferred = True
        try:
            yield
        finally:
            self.was_deferred = False
        if self.left <= 0:
            raise KeyboardInterrupt


def fingerprint(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of the weights and of all figures."""
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*.safetensors")}
    found["predictions"] = hashlib.sha256((folder / "predictions.csv").read_bytes()).hexdigest()
    history = pd.read_csv(folder / "history.csv", dtype=str).drop(columns="seconds")
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8")) | {"seconds": 0}
    return found | {"history": history.to_csv(), "metrics": json.dumps(metrics, sort_keys=True)}


def half(registry: Registry, config: RunConfig, place: Path) -> Path:
    """Return a run that was stopped after its first step."""
    stop = Stop(1)
    stop.progress = stop.note = lambda *_: None  # type: ignore[method-assign]
    with pytest.raises(StoppedError):
        run(config, registry, out=place, reporter=stop, keep=Safekeeping(interrupt=stop))
    assert (place / "state" / "0").is_dir()
    return place
