"""Fetch a public data set: download, unpack, verify, and put it in its place as a whole."""

from __future__ import annotations

import json
import logging
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pooch

from fusionkit.download.archives import is_archive
from fusionkit.download.catalogue import PublicDataset, PublicFile
from fusionkit.download.limits import LIMITS, Limits
from fusionkit.download.transfer import Progress, ResumingDownload
from fusionkit.download.unpack import unpack
from fusionkit.download.verify import file_hash, verify
from fusionkit.errors import IntegrityError, ResourceError, UsageError

RECEIPT = ".fetched.json"


@dataclass(frozen=True)
class Fetched:
    """A data set in its place.

    Parameters
    ----------
    folder : Path
        Where it is.
    receipt : dict
        What is kept beside it: ``name``, ``version``, ``files`` (``url``, ``sha256`` and whether one was ``published``)
        and ``verified``, the number of unpacked files checked against their own list, or None.
    already_there : bool
        Whether it was fetched before.
    """

    folder: Path
    receipt: dict[str, Any]
    already_there: bool


def fetch(
    dataset: PublicDataset,
    folder: Path,
    *,
    progress: Progress | None = None,
    limits: Limits = LIMITS,
    wait: float = 1.0,
    timeout: float = 30.0,
) -> Fetched:
    """Download and unpack a public data set.

    Archives are kept in ``<folder>.download`` until everything is in place; a file put there by hand is used instead
    of a download. The folder appears whole or not at all.

    Parameters
    ----------
    dataset : PublicDataset
        What to fetch.
    folder : Path
        Where to put it.
    progress : callable, optional
        Called with what is done, and how many bytes of how many; 0 where their number is unknown.
    limits : Limits
        How much an archive may hold.
    wait, timeout : float
        Pause before a second try and longest silence of the server, in s.

    Raises
    ------
    UsageError
        If there is something else in the place, or an address is not http or https.
    ResourceError
        If a file cannot be downloaded, or the disk is too small. What has arrived is kept, and the next call goes on.
    IntegrityError
        If a file is damaged, has another hash, or is an archive that could do harm. It is set aside.
    """
    receipt = _receipt(folder)
    if receipt is not None:
        return Fetched(folder, receipt, already_there=True)
    if folder.name in ("", ".."):
        raise UsageError(f"{str(folder)!r} is no name of a new folder; choose another one with --to")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} holds something else; remove it or choose another folder with --to")
    downloads = folder.with_name(f"{folder.name}.download")
    downloads.mkdir(parents=True, exist_ok=True)
    files = []
    for file in dataset.files:
        _bring(file, downloads, progress, wait, timeout)
        digest = file_hash(downloads / file.name)
        files.append({"url": file.url, "sha256": digest, "published": file.sha256 is not None})

    with tempfile.TemporaryDirectory(prefix="unpacking-", dir=downloads) as staging:
        whole = Path(staging) / "whole"
        whole.mkdir()
        verified = [
            _place(downloads / file.name, Path(staging), whole / file.into, progress, limits) for file in dataset.files
        ]
        if not (whole / dataset.holds).exists():
            aside = "; ".join(_set_aside(downloads / file.name) for file in dataset.files)
            raise IntegrityError(f"what was fetched for {dataset.name!r} has no {dataset.holds!r}; {aside}")
        counts = [count for count in verified if count is not None]
        receipt = {
            "name": dataset.name,
            "version": dataset.version,
            "files": files,
            "verified": sum(counts) if counts else None,
        }
        (whole / RECEIPT).write_text(json.dumps(receipt, indent=2) + "\n", encoding="utf-8")
        if folder.exists():
            folder.rmdir()
        whole.rename(folder)
    shutil.rmtree(downloads)
    return Fetched(folder, receipt, already_there=False)


def _receipt(folder: Path) -> dict[str, Any] | None:
    try:
        receipt: dict[str, Any] = json.loads((folder / RECEIPT).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError as error:
        raise IntegrityError(f"{folder / RECEIPT} cannot be read; remove {folder} and fetch it again") from error
    return receipt


def _bring(file: PublicFile, downloads: Path, progress: Progress | None, wait: float, timeout: float) -> None:
    """Have a file in the folder of downloads, with the right hash."""
    place = downloads / file.name
    remedy = f"download it in a browser, save it as {place} and run this again"
    if file.sha256 is not None and not re.fullmatch(r"[0-9a-fA-F]{64}", file.sha256):
        raise UsageError(f"{file.sha256!r} is no SHA-256; expected 64 hexadecimal digits")
    is_name = file.name.isprintable() and file.name not in ("", "..") and "\\" not in file.name
    if urlsplit(file.url).scheme not in ("http", "https") or not is_name:
        raise UsageError(f"{file.url!r} is no address of a file that begins with https:// or http://")
    if place.exists():
        if file.sha256 is not None and file_hash(place) != file.sha256.lower():
            raise IntegrityError(f"{place} has not the SHA-256 {file.sha256}; {_set_aside(place)}")
        return
    if file.by_hand:
        raise ResourceError(f"{file.url} needs an account there: {remedy}")
    pooch.get_logger().setLevel(logging.WARNING)
    download = ResumingDownload(place.with_name(f"{place.name}.part"), progress, wait=wait, timeout=timeout)
    try:
        pooch.retrieve(
            file.url, file.sha256 and file.sha256.lower(), fname=place.name, path=downloads, downloader=download
        )
    except ResourceError as error:
        raise ResourceError(f"{error.message}; run this again to go on, or {remedy}") from error
    except ValueError as error:  # what pooch says of another hash
        raise IntegrityError(
            f"{file.url} has not the SHA-256 {file.sha256}; what arrived was removed: try again, or ask its provider"
        ) from error


def _place(archive: Path, staging: Path, target: Path, progress: Progress | None, limits: Limits) -> int | None:
    """Unpack an archive, leave out a folder around everything, and merge the rest into the target."""
    if not is_archive(archive.name):
        target.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(archive, target / archive.name)
        return None
    try:
        unpacked = Path(tempfile.mkdtemp(dir=staging))
        unpack(archive, unpacked, limits, progress)
        while len(inside := list(unpacked.iterdir())) == 1 and inside[0].is_dir():
            unpacked = inside[0]
        count = verify(unpacked)
    except IntegrityError as error:
        raise IntegrityError(f"{error.message}; {_set_aside(archive)}", error.details) from error
    target.mkdir(parents=True, exist_ok=True)
    for child in unpacked.iterdir():
        child.rename(target / child.name)
    return count


def _set_aside(archive: Path) -> str:
    refused = archive.with_name(f"{archive.name}.refused")
    archive.replace(refused)
    return f"{archive.name} was set aside as {refused.name}; run this again to download it anew"
