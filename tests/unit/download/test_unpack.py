from __future__ import annotations

import gzip
import io
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fusionkit.download.limits import Limits
from fusionkit.download.unpack import unpack
from fusionkit.download.zip_directory import count_entries
from fusionkit.errors import IntegrityError, ResourceError

Tree = Callable[..., set[str]]
SMALL = Limits(entries=50, size=10**6, ratio=20, small=10_000)


def write_zip(path: Path, *entries: tuple[str, bytes], mode: int = 0) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in entries:
            info = zipfile.ZipInfo("x")
            info.filename = name
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = mode << 16
            file.writestr(info, content)
    return path


def write_tar(path: Path, *entries: tuple[str, bytes], kind: bytes = tarfile.REGTYPE) -> Path:
    with tarfile.open(path, "w:gz" if path.name.endswith("gz") else "w", format=tarfile.PAX_FORMAT) as file:
        for name, content in entries:
            info = tarfile.TarInfo(name)
            info.type, info.size = kind, len(content)
            info.linkname = "/etc/passwd" if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
            file.addfile(info, io.BytesIO(content))
    return path


def write(path: Path, *entries: tuple[str, bytes]) -> Path:
    return (write_zip if path.suffix == ".zip" else write_tar)(path, *entries)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "place").mkdir()
    return tmp_path / "place"


@pytest.mark.parametrize("suffix", [".zip", ".tar", ".tar.gz", ".tgz"])
def test_what_was_packed_is_unpacked(tmp_path: Path, place: Path, tree: Tree, suffix: str) -> None:
    noise = np.random.default_rng(0).bytes(3 << 20)
    archive = write(tmp_path / f"a{suffix}", ("./top/noise.dat", noise), ("top/é x.txt", b"text"), ("empty", b""))
    steps: list[tuple[str, int, int]] = []
    assert unpack(archive, place, progress=lambda *step: steps.append(step)) == 3
    assert tree(place) == {"top/noise.dat", "top/é x.txt", "empty"}
    assert (place / "top" / "noise.dat").read_bytes() == noise
    assert (place / "top" / "é x.txt").read_bytes() == b"text"
    assert steps[-1] == (f"unpacking a{suffix}", len(noise) + 4, len(noise) + 4)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_folders_may_be_named_again_and_be_empty(tmp_path: Path, place: Path) -> None:
    archive = write_zip(tmp_path / "a.zip", ("a/", b""), ("a/b.txt", b"b"), ("a/", b""), ("c/", b""))
    assert unpack(archive, place) == 1
    assert (place / "c").is_dir()


@pytest.mark.parametrize("suffix", [".zip", ".tar", ".tgz"])
@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["../evil"], "leads out of the folder"),
        (["a/../../evil"], "leads out of the folder"),
        (["/evil"], "an absolute path"),
        (["//server/evil"], "an absolute path"),
        (["C:/evil"], "an absolute path"),
        (["C:evil"], "an absolute path"),
        (["..\\evil"], "a backslash"),
        (["a\nb"], "a control character"),
        (["é" * 128], "more than 255 bytes"),
        (["/".join(["a" * 200] * 25)], "more than 255 bytes"),
        (["A.wav", "a.wav"], "one name on some systems"),
        (["Data/x", "data/y"], "one name on some systems"),
        (["\u00e9", "e\u0301"], "one name on some systems"),
        (["a", "a/b"], "one name on some systems"),
        (["a/b", "a"], "one name on some systems"),
        (["a", "a"], "one name on some systems"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_that_do_harm_are_refused_before_anything_is_written(
    tmp_path: Path, place: Path, tree: Tree, suffix: str, names: list[str], reason: str
) -> None:
    entries = [("good.txt", b"good"), *((name, b"evil") for name in names)]
    archive = write(tmp_path / f"a{suffix}", *entries)
    with pytest.raises(IntegrityError, match=reason) as caught:
        unpack(archive, place)
    assert "\n" not in str(caught.value)
    assert tree(tmp_path) == {archive.name}


def test_a_name_with_a_nul_is_refused(tmp_path: Path, place: Path, tree: Tree) -> None:
    archive = write_zip(tmp_path / "a.zip", ("good.txt_.exe", b""))
    archive.write_bytes(archive.read_bytes().replace(b"good.txt_.exe", b"good.txt\0.exe"))
    with pytest.raises(IntegrityError, match="a control character"):
        unpack(archive, place)
    assert not tree(place)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK])
def test_links_and_devices_in_a_zip_are_refused(tmp_path: Path, place: Path, tree: Tree, kind: int) -> None:
    archive = write_zip(tmp_path / "a.zip", ("x", b"/etc/passwd"), mode=kind | 0o777)
    with pytest.raises(IntegrityError, match=r"'x', a (link|device)"):
        unpack(archive, place)
    assert not tree(place)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (tarfile.SYMTYPE, "a link"),
        (tarfile.LNKTYPE, "a link"),
        (tarfile.CHRTYPE, "a device"),
        (tarfile.BLKTYPE, "a device"),
        (tarfile.FIFOTYPE, "a device"),
        (tarfile.CONTTYPE, ""),
    ],
)
def test_links_and_devices_in_a_tar_are_refused(
    tmp_path: Path, place: Path, tree: Tree, kind: bytes, reason: str
) -> None:
    archive = write_tar(tmp_path / "a.tar", ("x", b""), kind=kind)
    if not reason:  # an old kind of ordinary file
        assert unpack(archive, place) == 1
        return
    with pytest.raises(IntegrityError, match=f"'x', {reason}"):
        unpack(archive, place)
    assert not tree(place)


def test_an_encrypted_zip_is_refused(tmp_path: Path, place: Path) -> None:
    archive = write_zip(tmp_path / "a.zip", ("x", b"secret"))
    content = bytearray(archive.read_bytes())
    for header, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(header) + flags] |= 1
    archive.write_bytes(content)
    with pytest.raises(IntegrityError, match="encrypted"):
        unpack(archive, place)


def test_other_packings_are_refused(tmp_path: Path, place: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_BZIP2) as file:
        file.writestr("x", b"x" * 100)
    with pytest.raises(IntegrityError, match="packed by method 12"):
        unpack(tmp_path / "a.zip", place)


@pytest.mark.parametrize("suffix", [".zip", ".tar", ".tgz"])
@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ([(str(number), b"") for number in range(51)], "more than 50 entries"),
        ([("x", np.random.default_rng(0).bytes(1_000_001))], "more than the 0.001 GB"),
    ],
)
def test_too_much_is_refused(
    tmp_path: Path, place: Path, tree: Tree, suffix: str, entries: list[tuple[str, bytes]], reason: str
) -> None:
    archive = write(tmp_path / f"a{suffix}", *entries)
    with pytest.raises(IntegrityError, match=reason):
        unpack(archive, place, SMALL)
    assert not tree(place)


@pytest.mark.parametrize("suffix", [".zip", ".tgz"])
def test_a_bomb_is_refused(tmp_path: Path, place: Path, tree: Tree, suffix: str) -> None:
    noise = np.random.default_rng(0).bytes(500)
    archive = write(tmp_path / f"a{suffix}", ("noise", noise), ("zeros", bytes(900_000)))
    with pytest.raises(IntegrityError, match="20 times its size"):
        unpack(archive, place, SMALL)
    assert not tree(place)


def test_a_bomb_beside_much_that_is_none_is_refused(tmp_path: Path, place: Path) -> None:
    noise = np.random.default_rng(0).bytes(200_000)
    archive = write_zip(tmp_path / "a.zip", ("noise", noise), ("zeros", bytes(700_000)))
    with pytest.raises(IntegrityError, match="20 times its size"):
        unpack(archive, place, SMALL)


def test_entries_that_share_their_bytes_are_refused(tmp_path: Path, place: Path) -> None:
    noise = np.random.default_rng(0).bytes(20_000)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("0", noise)
        for number in range(1, 4):
            double = zipfile.ZipInfo(str(number))
            double.file_size = double.compress_size = len(noise)
            double.header_offset, double.CRC = 0, file.filelist[0].CRC
            file.filelist.append(double)
    with pytest.raises(IntegrityError, match="share the same bytes"):
        unpack(tmp_path / "a.zip", place)


def test_a_zip_with_a_million_entries_is_refused_by_its_directory(tmp_path: Path, place: Path) -> None:
    entry = b"PK\x01\x02" + bytes(42)
    count = 1_000_000
    end64 = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, count, count, len(entry) * count, 0)
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, len(entry) * count, 1)
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    (tmp_path / "a.zip").write_bytes(entry * count + end64 + locator + end)
    with pytest.raises(IntegrityError, match="more than 200,000 entries"):
        unpack(tmp_path / "a.zip", place)


def test_more_entries_than_16_bits_can_count_are_counted(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "a.zip", *((f"f/{number}", b"") for number in range(66_000)))
    assert count_entries(archive, 200_000) == 66_000
    assert count_entries(archive, 65_999) == 66_000
    assert count_entries(archive, 100) == 101


@pytest.mark.parametrize("change", [-1000, 1000])
def test_a_size_that_is_a_lie_is_refused(tmp_path: Path, place: Path, change: int) -> None:
    archive = write_zip(tmp_path / "a.zip", ("x", b"0123456789" * 1000))
    content = bytearray(archive.read_bytes())
    for header, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", content, content.index(header) + offset, 10_000 + change)
    archive.write_bytes(content)
    with pytest.raises(IntegrityError, match=r"damaged|holds another number"):
        unpack(archive, place)


def test_a_tar_header_that_asks_for_gigabytes_is_refused(tmp_path: Path, place: Path) -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 1 << 35
    (tmp_path / "a.tar").write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(10_240))
    with pytest.raises(IntegrityError, match="declares"):
        unpack(tmp_path / "a.tar", place)


@pytest.mark.parametrize("suffix", [".zip", ".tar", ".tgz"])
def test_every_truncation_is_noticed(tmp_path: Path, place: Path, suffix: str) -> None:
    noise = np.random.default_rng(0).bytes(2048)
    whole = write(tmp_path / f"whole{suffix}", ("a", noise), ("b", noise)).read_bytes()
    # What follows the two blocks of zeros that end a tar is padding.
    ends = len(whole) if suffix != ".tar" else 2 * (512 + 2048) + 512
    archive = tmp_path / f"a{suffix}"
    for length in [*range(0, ends, 97), *range(512, ends, 512), ends - 1]:
        archive.write_bytes(whole[:length])
        with pytest.raises(IntegrityError):
            unpack(archive, place)


@pytest.mark.parametrize("suffix", [".zip", ".tgz"])
def test_every_flipped_byte_of_the_content_is_noticed(tmp_path: Path, place: Path, suffix: str) -> None:
    noise = np.random.default_rng(0).bytes(4000)
    whole = bytearray(write(tmp_path / f"whole{suffix}", ("a", noise)).read_bytes())
    archive = tmp_path / f"a{suffix}"
    for position in range(700 if suffix == ".tgz" else 100, 4000, 150):
        damaged = bytearray(whole)
        damaged[position] ^= 0x10
        archive.write_bytes(damaged)
        with pytest.raises(IntegrityError):
            unpack(archive, place)
        for file in place.iterdir():
            file.unlink()


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "a.tgz"])
@pytest.mark.parametrize(
    "content",
    [b"", b"<html>please log in</html>" * 50, gzip.compress(b"no tar" * 500)],
    ids=["nothing", "page", "gzip"],
)
def test_what_is_no_archive_is_refused(tmp_path: Path, place: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(IntegrityError, match="damaged, or no archive"):
        unpack(tmp_path / name, place)


def test_an_archive_that_holds_nothing_is_refused(tmp_path: Path, place: Path) -> None:
    with pytest.raises(IntegrityError, match="holds nothing"):
        unpack(write_zip(tmp_path / "a.zip"), place)


def test_a_disk_that_is_too_small_is_told(tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": 10})
    monkeypatch.setattr("fusionkit.download.unpack.shutil.disk_usage", lambda _: usage)
    with pytest.raises(ResourceError, match="MB free"):
        unpack(write_zip(tmp_path / "a.zip", ("x", bytes(100))), place)
