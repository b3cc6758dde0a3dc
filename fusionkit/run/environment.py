"""The environment of a run: what its numbers depend on besides its configuration."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

PACKAGES = ("fusionkit", "torch", "torchaudio", "numpy", "scipy", "PyWavelets", "pandas", "scikit-learn", "soundfile")
RESUMED = "resumed"
_DECIDES_NOTHING = ("cpus", RESUMED)
_CPU_INFO = Path("/proc/cpuinfo")


def environment() -> dict[str, Any]:
    """Return versions, machine, threads and GPU as plain values."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": _cpu(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "cpus": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name(0) if torch.cuda.is_available() else None,
        "packages": versions,
    }


def environment_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return a text for each value that differs and on which the bits of a result depend."""
    one, other = _flat(old), _flat(new)
    names = [name for name in {**one, **other} if name not in _DECIDES_NOTHING]
    return [
        f"{name} {other.get(name)} instead of {one.get(name)}" for name in names if one.get(name) != other.get(name)
    ]


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        found |= dict(value) if isinstance(value, Mapping) else {key: value}
    return found


def _cpu() -> str:
    """Return the model of the CPU."""
    try:
        lines = _CPU_INFO.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
