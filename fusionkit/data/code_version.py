"""What a cached result depends on besides its inputs: our code, and the libraries below it."""

from __future__ import annotations

import functools
import hashlib
from importlib import metadata
from pathlib import Path

LIBRARIES = ("torch", "torchaudio", "numpy", "scipy", "PyWavelets", "soundfile")


def hash_sources(files: list[Path]) -> str:
    """Return a hash of what some files hold, in the order of their names."""
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(file.read_bytes())
    return digest.hexdigest()


@functools.cache
def code_version(*packages: str) -> str:
    """Return a text that changes with the code of packages of fusionkit, and with the libraries that they use.

    Parameters
    ----------
    packages : str
        For example ``data``.
    """
    root = Path(__file__).parents[1]
    sources = [source for package in packages for source in root.glob(f"{package}/**/*.py")]
    return " ".join([hash_sources(sources), *(f"{name} {metadata.version(name)}" for name in LIBRARIES)])
