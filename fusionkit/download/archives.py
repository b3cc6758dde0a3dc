"""Zip and tar behind one interface: entries that say what they are before anything is unpacked."""

from __future__ import annotations

import gzip
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from fusionkit.download.zip_directory import count_entries
from fusionkit.errors import IntegrityError

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")
_LONGEST_READ = 16 << 20


@dataclass(frozen=True)
class Entry:
    """One entry of an archive.

    Parameters
    ----------
    name : str
        As the archive has it.
    size, packed : int
        Bytes that it declares for the file, and for what stands in the archive; packed is 0 where it is not said.
    is_folder : bool
        Whether it is a folder.
    fault : str
        What it is that is not unpacked; empty: a file or a folder.
    member : object
        What the reader knows it by.
    """

    name: str
    size: int
    packed: int
    is_folder: bool
    fault: str
    member: Any


class Archive(Protocol):
    """An open archive."""

    def entries(self) -> Iterator[Entry]:
        """Give the entries in their order."""

    def open(self, entry: Entry) -> IO[bytes]:
        """Open the content of a file."""


class _Zip:
    def __init__(self, path: Path, most: int, stack: ExitStack) -> None:
        if count_entries(path, most) > most:
            raise too_many(most)
        self._file = stack.enter_context(zipfile.ZipFile(path))

    def entries(self) -> Iterator[Entry]:
        for info in self._file.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            fault = ""
            if info.flag_bits & 1:
                fault = "which is encrypted"
            elif kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                fault = "a link" if stat.S_ISLNK(kind) else "a device"
            elif info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                fault = f"packed by method {info.compress_type}, of which only 0 and 8 are read"
            # The reader cuts a name at its first NUL.
            yield Entry(info.orig_filename, info.file_size, info.compress_size, info.is_dir(), fault, info)

    def open(self, entry: Entry) -> IO[bytes]:
        return self._file.open(entry.member)


class _Tar:
    def __init__(self, path: Path, stack: ExitStack) -> None:
        packed = path.name.lower().endswith("gz")
        raw: Any = stack.enter_context(gzip.open(path, "rb") if packed else path.open("rb"))  # noqa: SIM115
        bounded: Any = _BoundedReads(raw)
        self._bytes = bounded
        self._file = stack.enter_context(tarfile.open(fileobj=bounded, mode="r:"))  # noqa: SIM115

    def entries(self) -> Iterator[Entry]:
        while (info := self._file.next()) is not None:
            fault = ""
            if info.issym() or info.islnk():
                fault = "a link"
            elif info.issparse():
                fault = "a file with holes"
            elif not (info.isreg() or info.isdir()):
                fault = "a device"
            yield Entry(info.name, info.size, 0, info.isdir(), fault, info)
        # The reader takes any damaged header for the end.
        self._bytes.seek(self._file.offset)
        if self._bytes.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
            raise tarfile.ReadError("it ends early")
        self._bytes.read(_LONGEST_READ)  # up to the checksum of gzip

    def open(self, entry: Entry) -> IO[bytes]:
        content = self._file.extractfile(entry.member)
        if content is None:
            raise tarfile.ReadError(f"{entry.name!r} has no content")
        return content


class _BoundedReads:
    """Lets no header make the reader of tar take gigabytes into memory."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def read(self, size: int) -> bytes:
        if not 0 <= size <= _LONGEST_READ:
            raise tarfile.ReadError(f"a header declares {size} bytes")
        content: bytes = self._file.read(size)
        return content

    def seek(self, position: int) -> int:
        return int(self._file.seek(position))

    def tell(self) -> int:
        return int(self._file.tell())


def is_archive(name: str) -> bool:
    """Return whether a file of this name is unpacked."""
    return name.lower().endswith(ARCHIVES)


def open_archive(path: Path, most: int, stack: ExitStack) -> Archive:
    """Open a zip (with up to ``most`` entries) or a tar by its suffix; the stack closes it."""
    return _Zip(path, most, stack) if path.name.lower().endswith(".zip") else _Tar(path, stack)


def too_many(most: int) -> IntegrityError:
    """Return the error of an archive with too many entries."""
    return IntegrityError(f"holds more than {most:,} entries")
