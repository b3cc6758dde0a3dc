"""``fusionkit doctor``: is the installation complete, and what can the machine do."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import click


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor_command(as_json: bool) -> None:
    """Check packages, audio, devices, cache and plugins; exit 4 or 6 when something does not work."""
    from fusionkit.errors import PluginError, ResourceError
    from fusionkit.plugins import build_registry
    from fusionkit.run.environment import environment

    facts: dict[str, Any] = environment()
    faults: list[str] = []
    facts["torchaudio"] = _attempt(_check_torchaudio, faults, "torchaudio")
    facts["audio files"] = _attempt(_check_soundfile, faults, "soundfile")
    facts["cache"] = _attempt(_check_cache, faults, "cache folder")
    registry, plugins = build_registry()
    broken = [*registry.unavailable, *(f"{line} claim one name" for line in registry.conflicts)]
    count = len(registry.unavailable)
    facts["plugins"] = f"{len(plugins) - count} ok, {count} broken, {len(registry.conflicts)} names in conflict"
    facts["faults"] = [*faults, *(f"plugin {line}" for line in broken)]
    if as_json:
        click.echo(json.dumps(facts))
    else:
        _print(facts)
    if faults:
        raise ResourceError(f"{len(faults)} check(s) failed", faults)
    if broken:
        raise PluginError(f"{len(broken)} fault(s) of plugins; everything else works", broken)


def _attempt(check: Any, faults: list[str], name: str) -> str:
    try:
        return str(check())
    except Exception as error:
        faults.append(f"{name}: {type(error).__name__}: {error}")
        return "FAILED"


def _check_torchaudio() -> str:
    import torch

    from fusionkit.interfaces import SignalSpec
    from fusionkit.representations.mel import Mel

    Mel(SignalSpec(1, 2000, 2000.0))(torch.zeros(1, 1, 2000))
    return "works"


def _check_soundfile() -> str:
    import soundfile

    formats = [name for name in ("WAV", "FLAC") if name in soundfile.available_formats()]
    return f"reads {', '.join(formats)} ({soundfile.__libsndfile_version__})"


def _check_cache() -> str:
    import tempfile

    from fusionkit.data.cache_folder import cache_folder

    folder = Path(cache_folder())
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder):
        free = shutil.disk_usage(folder).free / 1e9
    return f"{folder} is writable, {free:.0f} GB free"


def _print(facts: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    table = Table(box=None, show_header=False, pad_edge=False)
    for key, value in facts.items():
        if key == "packages":
            for package, version in value.items():
                table.add_row(package, escape(str(version)))
        elif key == "gpu":
            table.add_row("gpu", escape(str(value or "none: everything runs on the CPU")))
        elif key != "faults":
            table.add_row(key.replace("_", " "), escape(str(value)))
    console.print(table)
    if not facts["faults"]:
        console.print("[green]no faults found[/green]")
