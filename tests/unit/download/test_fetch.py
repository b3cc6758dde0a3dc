from __future__ import annotations

import dataclasses
import hashlib
import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from fusionkit.download.catalogue import CATALOGUE, PublicDataset, PublicFile, find
from fusionkit.download.fetch import Fetched, fetch
from fusionkit.download.verify import verify
from fusionkit.errors import FusionkitError, IntegrityError, ResourceError, UsageError
from tests.unit.download.conftest import Site

Tree = Callable[..., set[str]]
NOISE = bytes(range(256)) * 40


def packed(**files: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        for name, content in files.items():
            file.writestr(name, content)
    return stream.getvalue()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def sums(**files: bytes) -> bytes:
    return "".join(f"{sha256(content)} {name}\n" for name, content in files.items()).encode()


RECORDS = {"100.dat": NOISE, "sub/100.hea": b"100 1 360\n"}
PROJECT = packed(
    **{f"project-1.0/{name}": content for name, content in {**RECORDS, "SHA256SUMS.txt": sums(**RECORDS)}.items()}
)


def dataset(*files: PublicFile, holds: str = "100.dat") -> PublicDataset:
    return PublicDataset("hearts", "Hearts", "1.0", files, holds, 1, "free", "nobody")


@pytest.fixture
def hearts(site: Site) -> PublicDataset:
    site.pages["/hearts.zip"] = PROJECT
    return dataset(PublicFile(f"{site.url}/hearts.zip", sha256(PROJECT).upper()))


def get(what: PublicDataset, folder: Path) -> Fetched:
    return fetch(what, folder, wait=0.0, timeout=5.0)


def test_a_data_set_comes_whole_and_verified(hearts: PublicDataset, tmp_path: Path, tree: Tree) -> None:
    fetched = get(hearts, tmp_path / "data" / "hearts")
    assert tree(tmp_path) == {
        f"data/hearts/{name}" for name in ("100.dat", "sub/100.hea", "SHA256SUMS.txt", ".fetched.json")
    }
    assert (fetched.folder / "100.dat").read_bytes() == NOISE
    assert fetched.receipt["verified"] == 2
    assert fetched.receipt["files"] == [{"url": hearts.files[0].url, "sha256": sha256(PROJECT), "published": True}]
    assert not fetched.already_there


def test_what_is_there_is_not_fetched_again(site: Site, hearts: PublicDataset, tmp_path: Path) -> None:
    first = get(hearts, tmp_path / "hearts")
    second = get(hearts, tmp_path / "hearts")
    assert second == dataclasses.replace(first, already_there=True)
    assert len(site.asked) == 1


def test_an_empty_folder_is_filled_and_another_is_left_alone(hearts: PublicDataset, tmp_path: Path, tree: Tree) -> None:
    (tmp_path / "empty").mkdir()
    assert get(hearts, tmp_path / "empty").receipt["verified"] == 2
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="holds something else"):
        get(hearts, tmp_path / "full")
    assert tree(tmp_path / "full") == {"mine.txt"}


def test_several_files_go_to_their_places(site: Site, tmp_path: Path, tree: Tree) -> None:
    site.pages["/training.zip"] = packed(**{"training-a/x.wav": b"x", "training-b/y.wav": b"y"})
    site.pages["/validation.zip"] = packed(**{"validation/x.wav": b"x"})
    site.pages["/labels.csv"] = b"x,1\n"
    what = dataset(
        PublicFile(f"{site.url}/training.zip"),
        PublicFile(f"{site.url}/validation.zip", into="validation"),
        PublicFile(f"{site.url}/labels.csv"),
        holds="labels.csv",
    )
    fetched = get(what, tmp_path / "hearts")
    assert tree(fetched.folder) - {".fetched.json"} == {
        "training-a/x.wav",
        "training-b/y.wav",
        "validation/x.wav",
        "labels.csv",
    }
    assert fetched.receipt["verified"] is None
    assert [file["published"] for file in fetched.receipt["files"]] == [False] * 3


def refused(what: PublicDataset, folder: Path, tree: Tree, error: type[FusionkitError]) -> str:
    with pytest.raises(error) as caught:
        get(what, folder)
    assert not folder.exists()
    assert not any("unpacking" in name for name in tree(folder.parent))
    assert "\n" not in caught.value.message
    return str(caught.value)


def test_another_hash_is_refused(site: Site, hearts: PublicDataset, tmp_path: Path, tree: Tree) -> None:
    site.pages["/hearts.zip"] = PROJECT + b" "
    assert "has not the SHA-256" in refused(hearts, tmp_path / "hearts", tree, IntegrityError)
    assert tree(tmp_path) == set()
    site.pages["/hearts.zip"] = PROJECT
    assert get(hearts, tmp_path / "hearts").receipt["verified"] == 2


def test_a_file_put_there_by_hand_is_used_after_its_hash_is_checked(
    site: Site, hearts: PublicDataset, tmp_path: Path, tree: Tree
) -> None:
    downloads = tmp_path / "hearts.download"
    downloads.mkdir()
    (downloads / "hearts.zip").write_bytes(PROJECT[:-1])
    assert "set aside as hearts.zip.refused" in refused(hearts, tmp_path / "hearts", tree, IntegrityError)
    (downloads / "hearts.zip").write_bytes(PROJECT)
    assert get(hearts, tmp_path / "hearts").receipt["verified"] == 2
    assert site.asked == []


def test_what_needs_an_account_is_told_and_taken_from_its_place(tmp_path: Path, tree: Tree) -> None:
    what = dataset(PublicFile("https://example.org/page", by_hand="archive.zip"))
    place = tmp_path / "hearts.download" / "archive.zip"
    said = refused(what, tmp_path / "hearts", tree, ResourceError)
    assert f"save it as {place}" in said
    place.write_bytes(PROJECT)
    assert get(what, tmp_path / "hearts").receipt["verified"] == 2


def test_a_refused_archive_is_fetched_anew_next_time(site: Site, tmp_path: Path, tree: Tree) -> None:
    what = dataset(PublicFile(f"{site.url}/hearts.zip"))
    site.pages["/hearts.zip"] = packed(**{"100.dat": NOISE, "../evil": b"evil"})
    assert "leads out of the folder" in refused(what, tmp_path / "hearts", tree, IntegrityError)
    site.pages["/hearts.zip"] = PROJECT[:-100]
    assert "damaged" in refused(what, tmp_path / "hearts", tree, IntegrityError)
    site.pages["/hearts.zip"] = packed(other=b"")
    assert "has no '100.dat'" in refused(what, tmp_path / "hearts", tree, IntegrityError)
    site.pages["/hearts.zip"] = PROJECT
    assert get(what, tmp_path / "hearts").receipt["verified"] == 2
    assert not (tmp_path / "evil").exists()
    assert not (tmp_path / "hearts.download").exists()


def test_files_that_differ_from_their_list_are_all_named(site: Site, tmp_path: Path, tree: Tree) -> None:
    wrong = {"100.dat": NOISE, "101.dat": b"1", "102.dat": b"2", "SHA256SUMS.txt": b""}
    wrong["SHA256SUMS.txt"] = sums(**{"100.dat": NOISE, "101.dat": b"other", "103.dat": b"", "102.dat": b"2"})
    site.pages["/hearts.zip"] = packed(**wrong)
    said = refused(dataset(PublicFile(f"{site.url}/hearts.zip")), tmp_path / "hearts", tree, IntegrityError)
    assert "2 of 4 lines of SHA256SUMS.txt do not fit" in said
    assert "101.dat has another SHA-256" in said
    assert "103.dat is missing" in said
    assert "102.dat" not in said


def test_a_list_of_hashes_leads_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "SHA256SUMS.txt").write_text(f"{'0' * 64}  ../secret\n")
    with pytest.raises(IntegrityError, match="leads out of the folder"):
        verify(tmp_path / "data")
    (tmp_path / "data" / "SHA256SUMS.txt").write_text("nonsense\n")
    with pytest.raises(IntegrityError, match="line 1"):
        verify(tmp_path / "data")
    assert verify(tmp_path) is None


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd.zip",
        "ftp://127.0.0.1/a.zip",
        "/etc/passwd",
        "http://127.0.0.1",
        "http://127.0.0.1/%2e%2e",
        "http://127.0.0.1/a%00.zip",
        "http://127.0.0.1/..%5Ca.zip",
    ],
)
def test_other_addresses_are_refused(tmp_path: Path, tree: Tree, url: str) -> None:
    assert "no address" in refused(dataset(PublicFile(url)), tmp_path / "hearts", tree, UsageError)


@pytest.mark.parametrize("folder", [".", "..", "/"])
def test_a_folder_without_a_name_is_refused(hearts: PublicDataset, folder: str) -> None:
    with pytest.raises(UsageError, match="no name of a new folder"):
        get(hearts, Path(folder))


def test_a_hash_that_is_none_is_refused(site: Site, tmp_path: Path, tree: Tree) -> None:
    what = dataset(PublicFile(f"{site.url}/hearts.zip", "abc"))
    assert "no SHA-256" in refused(what, tmp_path / "hearts", tree, UsageError)


def test_a_failed_download_says_what_to_do_by_hand(site: Site, tmp_path: Path, tree: Tree) -> None:
    said = refused(dataset(PublicFile(f"{site.url}/gone.zip")), tmp_path / "hearts", tree, ResourceError)
    assert "the server says 404" in said
    assert f"save it as {tmp_path / 'hearts.download' / 'gone.zip'}" in said


def test_a_damaged_receipt_is_told(hearts: PublicDataset, tmp_path: Path) -> None:
    get(hearts, tmp_path / "hearts")
    (tmp_path / "hearts" / ".fetched.json").write_text("{")
    with pytest.raises(IntegrityError, match="fetch it again"):
        get(hearts, tmp_path / "hearts")


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_catalogue_is_complete(name: str) -> None:
    entry = find(name.upper().replace("_", "-"))
    assert entry is CATALOGUE[name]
    assert len({file.name for file in entry.files}) == len(entry.files) > 0
    assert all(file.url.startswith("https://") for file in entry.files)
    assert re.search(r"doi:10\.\d{4,}/\S+|http", entry.citation)
    assert entry.size > 0
    assert entry.licence


def test_an_unknown_name_gets_a_hint() -> None:
    with pytest.raises(UsageError, match="did you mean 'mitbih'"):
        find("mitbi")
