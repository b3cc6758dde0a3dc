"""Unpack an archive of a stranger: all names, kinds and sizes are checked before the first byte is written."""

from __future__ import annotations

import shutil
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from gzip import BadGzipFile
from pathlib import Path, PurePosixPath

from fusionkit.download.archives import Archive, Entry, open_archive, too_many
from fusionkit.download.entry_names import EntryNames
from fusionkit.download.limits import LIMITS, Limits
from fusionkit.download.transfer import Progress
from fusionkit.errors import IntegrityError, ResourceError

_BLOCK = 1 << 20
_DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    BadGzipFile,
    zlib.error,
    struct.error,
    EOFError,
    ValueError,
    RuntimeError,  # NotImplementedError and RecursionError too
)


def unpack(archive: Path, folder: Path, limits: Limits = LIMITS, progress: Progress | None = None) -> int:
    """Unpack a .zip, .tar, .tar.gz or .tgz into an empty folder and return the number of files.

    Links, devices, sparse and encrypted entries are refused, and names that lead out of the folder, that some file
    system cannot hold, or that some take for the same.

    Parameters
    ----------
    archive, folder : Path
        What to unpack, and where to.
    limits : Limits
        How much it may hold.
    progress : callable, optional
        Called with what is done, and how many bytes of how many.

    Raises
    ------
    IntegrityError
        If it is refused or damaged. The folder may then hold a part of it.
    ResourceError
        If the disk is too small.
    """
    with _one_line(archive), ExitStack() as stack:
        opened = open_archive(archive, limits.entries, stack)
        placed = _checked(opened, archive.stat().st_size, limits)
        total = sum(entry.size for _, entry in placed)
        free = shutil.disk_usage(folder).free
        if total > free:
            raise ResourceError(
                f"{folder} has {free / 1e6:,.0f} MB free, but {archive.name} needs {total / 1e6:,.0f} MB"
            )
        done = 0
        for place, entry in placed:
            target = folder / place
            if entry.is_folder:
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            _write(opened, entry, target)
            done += entry.size
            if progress:
                progress(f"unpacking {archive.name}", done, total)
        return sum(not entry.is_folder for _, entry in placed)


def _checked(opened: Archive, archive_size: int, limits: Limits) -> list[tuple[PurePosixPath, Entry]]:
    names = EntryNames()
    placed: list[tuple[PurePosixPath, Entry]] = []
    total = packed = 0
    for entry in opened.entries():
        if len(placed) == limits.entries:
            raise too_many(limits.entries)
        if entry.fault:
            raise IntegrityError(f"holds the entry {entry.name[:200]!r}, {entry.fault}")
        placed.append((names.place(entry.name, entry.is_folder), entry))
        total += entry.size
        packed += entry.packed
        if total > limits.size:
            raise IntegrityError(f"declares more than the {limits.size / 1e9:,.3g} GB that are unpacked")
        bomb = total > limits.small and total > limits.ratio * archive_size
        if bomb or (entry.packed and entry.size > max(limits.small, limits.ratio * entry.packed)):
            raise IntegrityError(f"unpacks to more than {limits.ratio} times its size, as if made to fill a disk")
        if packed > archive_size:
            raise IntegrityError("holds entries that share the same bytes, as if made to fill a disk")
    if not placed:
        raise IntegrityError("holds nothing")
    return placed


def _write(opened: Archive, entry: Entry, target: Path) -> None:
    done = 0
    with opened.open(entry) as source, target.open("xb") as file:
        while block := source.read(min(_BLOCK, entry.size - done + 1)):
            done += len(block)
            if done > entry.size:
                break
            file.write(block)
    if done != entry.size:
        raise IntegrityError(f"declares {entry.size} bytes for {entry.name!r}, but holds another number")


@contextmanager
def _one_line(archive: Path) -> Iterator[None]:
    try:
        yield
    except _DAMAGED as error:
        reason = " ".join(str(error).split())
        raise IntegrityError(f"{archive} is damaged, or no archive of its suffix: {reason}") from error
    except IntegrityError as error:
        raise IntegrityError(f"{archive} is refused: it {error.message}") from error
    except OSError as error:
        raise ResourceError(f"{archive} cannot be unpacked to the folder {error.filename}: {error.strerror}") from error
