"""``fusionkit data fetch``: download, verify and unpack a public data set."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fusionkit.errors import UsageError

if TYPE_CHECKING:
    from fusionkit.download.catalogue import PublicDataset
    from fusionkit.download.fetch import Fetched


@click.command("fetch")
@click.argument("name", required=False)
@click.option(
    "--to", "folder", type=click.Path(path_type=Path), help="Folder that takes the data set [default: data/NAME]."
)
@click.option("--url", "urls", multiple=True, metavar="URL", help="Download from here instead; once for every file.")
@click.option(
    "--sha256", "hashes", multiple=True, metavar="HASH", help="SHA-256 that the file must have; once for every file."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout and nothing else.")
def fetch_command(
    name: str | None, folder: Path | None, urls: tuple[str, ...], hashes: tuple[str, ...], as_json: bool
) -> None:
    """Download, verify and unpack the public data set NAME; without a NAME, list them.

    A download that was stopped goes on where it stopped. The folder appears whole or not at all.
    """
    from fusionkit.download.catalogue import CATALOGUE, find

    if name is None:
        _list(list(CATALOGUE.values()), as_json)
        return
    dataset = _from_elsewhere(find(name), urls, hashes)

    from fusionkit.cli.terminal import TerminalReporter
    from fusionkit.download.fetch import fetch

    with TerminalReporter() as reporter:

        def progress(task: str, done: int, total: int) -> None:
            reporter.progress(f"{task}, MB", done // 10**6, max(done, total) // 10**6)

        if not as_json:
            reporter.note(f"{dataset.title}, version {dataset.version}, about {dataset.size} MB")
            reporter.note(f"licence: {dataset.licence}; cite: {dataset.citation}")
        fetched = fetch(dataset, folder or Path("data") / dataset.name, progress=progress)
    if as_json:
        click.echo(json.dumps(_as_dict(dataset, fetched)))
    else:
        _print(dataset, fetched)


def _from_elsewhere(dataset: PublicDataset, urls: tuple[str, ...], hashes: tuple[str, ...]) -> PublicDataset:
    files = list(dataset.files)
    for flag, values in (("--url", urls), ("--sha256", hashes)):
        if values and len(values) != len(files):
            names = ", ".join(file.name for file in files)
            raise UsageError(f"{flag} is given {len(values)} time(s); expected one for each of: {names}")
    if urls:
        files = [
            dataclasses.replace(file, url=url, sha256=None, by_hand="") for file, url in zip(files, urls, strict=True)
        ]
    if hashes:
        files = [dataclasses.replace(file, sha256=digest) for file, digest in zip(files, hashes, strict=True)]
    return dataclasses.replace(dataset, files=tuple(files))


def _list(datasets: list[PublicDataset], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(dataset) for dataset in datasets]))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("name", "what it is", "version", "about", "licence", box=None, header_style="bold", pad_edge=False)
    for dataset in datasets:
        table.add_row(dataset.name, dataset.title, dataset.version, f"{dataset.size} MB", dataset.licence)
    Console().print(table)


def _as_dict(dataset: PublicDataset, fetched: Fetched) -> dict[str, object]:
    return {
        **fetched.receipt,
        "folder": str(fetched.folder),
        "spec": f"{dataset.name}:{fetched.folder}",
        "already_there": fetched.already_there,
        "licence": dataset.licence,
        "citation": dataset.citation,
    }


def _print(dataset: PublicDataset, fetched: Fetched) -> None:
    if fetched.already_there:
        click.echo(f"{fetched.folder} is there already, version {fetched.receipt['version']}")
    for file in fetched.receipt["files"]:
        checked = "as given" if file["published"] else "none is published to compare it with"
        click.echo(f"{file['url']}\n  SHA-256 {file['sha256']} ({checked})")
    if fetched.receipt["verified"] is not None:
        click.echo(f"{fetched.receipt['verified']} unpacked files match the SHA256SUMS.txt of the data set")
    click.echo(f"\n  fusionkit run --data {dataset.name}:{fetched.folder}")
