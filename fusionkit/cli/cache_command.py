"""``fusionkit cache``: what was computed once and is kept, and how to make room."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from fusionkit.data.cache_inventory import CacheEntry

_AGES = {"min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_SIZES = {"kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


@click.group("cache")
def cache_command() -> None:
    """Show what is kept on disk of earlier runs, and make room.

    The cache is $FUSIONKIT_CACHE, else ~/.cache/fusionkit. All of it can be deleted at any time: runs compute it anew.
    """


@cache_command.command("info")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object; sizes in bytes, ages in seconds.")
def info_command(as_json: bool) -> None:
    """Show the folder, and what lies in it by kind: number, size and age since the last use."""
    import shutil

    from fusionkit.data.cache_folder import cache_folder
    from fusionkit.data.cache_inventory import entries

    folder = cache_folder()
    groups: dict[tuple[str, str], list[CacheEntry]] = {}
    for entry in entries(folder):
        groups.setdefault((entry.kind, entry.label), []).append(entry)
    now = time.time()
    rows: list[dict[str, Any]] = [
        {
            "kind": kind,
            "label": label,
            "entries": len(group),
            "bytes": sum(entry.size for entry in group),
            "newest_s": round(max(0.0, now - group[0].used)),
            "oldest_s": round(max(0.0, now - group[-1].used)),
        }
        for (kind, label), group in sorted(groups.items())
    ]
    total = sum(row["bytes"] for row in rows)
    free = shutil.disk_usage(folder).free if folder.exists() else None
    if as_json:
        click.echo(json.dumps({"folder": str(folder), "bytes": total, "free_bytes": free, "kinds": rows}))
        return
    click.echo(
        f"{folder}: {_size(total)}" + (f", {_size(free)} free on the disk" if free is not None else ", not made yet")
    )
    if rows:
        click.echo(f"{'kind':16} {'of':14} {'entries':>7} {'size':>9}   last used")
    for row in rows:
        used = f"{_age(row['newest_s'])} ago"
        if row["entries"] > 1:
            used += f" to {_age(row['oldest_s'])} ago"
        click.echo(f"{row['kind']:16} {row['label']:14.14} {row['entries']:7} {_size(row['bytes']):>9}   {used}")


@cache_command.command("prune")
@click.option("--older-than", metavar="AGE", help="Delete what was not used for that long: 30d, 12h, 90min or 2w.")
@click.option(
    "--larger-than",
    metavar="SIZE",
    help="Keep the most recently used, up to that size: 500MB or 10GB (1 GB is 10^9 bytes).",
)
@click.option("--all", "everything", is_flag=True, help="Delete everything that no run has open.")
@click.option("--dry-run", is_flag=True, help="Print what would be deleted, and delete nothing.")
def prune_command(older_than: str | None, larger_than: str | None, everything: bool, dry_run: bool) -> None:
    """Delete what is kept, and what killed runs left unfinished; never what a run has open.

    Without a choice only the left-overs of killed runs are deleted.

    \b
      fusionkit cache prune --older-than 30d --larger-than 10GB --dry-run
    """
    from fusionkit.data.cache_folder import cache_folder
    from fusionkit.data.cache_inventory import prune

    age = _measure("--older-than", older_than, _AGES, "30d, 12h, 90min or 2w")
    size = _measure("--larger-than", larger_than, _SIZES, "500MB or 10GB")
    gone, spared = prune(
        cache_folder(),
        older_than=0.0 if everything else age,
        larger_than=None if size is None else int(size),
        dry_run=dry_run,
    )
    now = time.time()
    for entry in gone:
        verb = "would delete" if dry_run else "deleted"
        used = _age(max(0.0, now - entry.used))
        click.echo(f"{verb} {entry.kind}, {entry.label}: {_size(entry.size)}, last used {used} ago: {entry.path}")
    for entry in spared:
        click.echo(f"kept, because a run has it open: {entry.kind}, {entry.label}: {entry.path}")
    freed = _size(sum(entry.size for entry in gone))
    click.echo(f"{len(gone)} entries, {freed}{' would be freed' if dry_run else ' freed'}")


def _measure(flag: str, text: str | None, units: dict[str, Any], example: str) -> float | None:
    from fusionkit.errors import UsageError

    if text is None:
        return None
    found = re.fullmatch(rf"(\d+(?:\.\d+)?) ?({'|'.join(units)})", text.strip())
    if not found:
        raise UsageError(f"{flag} is {text!r}; expected a number and its unit, as {example}")
    return float(found[1]) * float(units[found[2]])


def _size(count: float) -> str:
    for unit, size in reversed(_SIZES.items()):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count:.0f} B"


def _age(seconds: float) -> str:
    for name, length in (("d", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= length:
            return f"{seconds / length:.0f} {name}"
    return f"{seconds:.0f} s"
