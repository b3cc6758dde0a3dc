from __future__ import annotations

import io
import socket
from pathlib import Path

import numpy as np
import pytest
import requests

from fusionkit.download.transfer import ResumingDownload
from fusionkit.errors import ResourceError
from tests.unit.download.conftest import Site

CONTENT = np.random.default_rng(0).bytes(300_000)


def download(site: Site, folder: Path, path: str = "/a.zip", attempts: int = 3) -> bytes:
    downloader = ResumingDownload(folder / "a.zip.part", attempts=attempts, wait=0.0, timeout=5.0)
    downloader(site.url + path, str(folder / "out"), None)
    assert not list(folder.glob("*.part*"))
    return (folder / "out").read_bytes()


def test_a_file_arrives_with_progress(site: Site, tmp_path: Path) -> None:
    site.pages["/a.zip"] = CONTENT
    seen: list[tuple[str, int, int]] = []
    downloader = ResumingDownload(tmp_path / "a.zip.part", lambda *step: seen.append(step))
    downloader(f"{site.url}/a.zip", str(tmp_path / "out"), None)
    assert (tmp_path / "out").read_bytes() == CONTENT
    assert seen[-1] == ("downloading a.zip", len(CONTENT), len(CONTENT))


def test_a_broken_connection_goes_on_where_it_stopped(site: Site, tmp_path: Path) -> None:
    site.pages["/a.zip"] = CONTENT
    site.lasts = [100_000, 50_000]
    assert download(site, tmp_path) == CONTENT
    assert site.asked == [None, "bytes=100000-", "bytes=150000-"]


def test_bytes_that_arrive_renew_the_attempts(site: Site, tmp_path: Path) -> None:
    site.pages["/a.zip"] = CONTENT
    site.lasts = [10_000] * 8
    assert download(site, tmp_path, attempts=2) == CONTENT


def test_without_ranges_it_starts_anew(site: Site, tmp_path: Path) -> None:
    site.pages["/a.zip"] = CONTENT
    site.ranges, site.lasts = False, [100_000]
    assert download(site, tmp_path) == CONTENT
    assert len(site.asked) == 2


def test_a_later_call_goes_on(site: Site, tmp_path: Path) -> None:
    site.pages["/a.zip"] = CONTENT
    (tmp_path / "a.zip.part").write_bytes(CONTENT[:200_000])
    (tmp_path / "a.zip.part.version").write_text('"one"', encoding="utf-8")
    assert download(site, tmp_path) == CONTENT
    assert site.asked == ["bytes=200000-"]


def test_another_version_on_the_server_starts_anew(site: Site, tmp_path: Path) -> None:
    site.pages["/a.zip"] = CONTENT
    (tmp_path / "a.zip.part").write_bytes(b"old" * 100)
    (tmp_path / "a.zip.part.version").write_text('"zero"', encoding="utf-8")
    assert download(site, tmp_path) == CONTENT


def test_bytes_of_no_known_version_are_not_trusted(site: Site, tmp_path: Path) -> None:
    site.pages["/a.zip"] = CONTENT
    (tmp_path / "a.zip.part").write_bytes(b"?" * 100)
    assert download(site, tmp_path) == CONTENT
    assert site.asked == [None]


def test_more_than_the_server_has_starts_anew(site: Site, tmp_path: Path) -> None:
    site.pages["/a.zip"] = CONTENT
    (tmp_path / "a.zip.part").write_bytes(CONTENT + b"more")
    (tmp_path / "a.zip.part.version").write_text('"one"', encoding="utf-8")
    assert download(site, tmp_path) == CONTENT


def test_an_empty_file_arrives(site: Site, tmp_path: Path) -> None:
    site.pages["/a.zip"] = b""
    assert download(site, tmp_path) == b""


def test_a_redirect_is_followed(site: Site, tmp_path: Path) -> None:
    site.pages["/b.zip"] = CONTENT
    site.redirects["/a.zip"] = "/b.zip"
    assert download(site, tmp_path) == CONTENT


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/a.zip", "/a.zip"])
def test_a_redirect_elsewhere_is_not_followed(site: Site, tmp_path: Path, target: str) -> None:
    site.redirects["/a.zip"] = target
    with pytest.raises(ResourceError, match="leads to an address that is not followed"):
        download(site, tmp_path)


def test_a_redirect_to_an_unencrypted_address_is_not_followed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hops = [requests.Response(), requests.Response(), requests.Response()]
    for hop, url in zip(hops, ("https://a.org/a.zip", "http://b.org/a.zip", "https://c.org/a.zip"), strict=True):
        hop.url, hop.status_code, hop.raw = url, 200, io.BytesIO()
    hops[2].history = hops[:2]
    monkeypatch.setattr(requests.Session, "get", lambda *_, **__: hops[2])
    with pytest.raises(ResourceError, match=r"leads to http://b\.org/a\.zip, which is not encrypted"):
        ResumingDownload(tmp_path / "a.zip.part")("https://a.org/a.zip", str(tmp_path / "out"), None)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_never_sends_more_is_given_up(site: Site, tmp_path: Path) -> None:
    site.pages["/a.zip"] = CONTENT
    site.ranges, site.lasts = False, [1000, 500, 900, 1000, 1000]
    with pytest.raises(ResourceError, match="cannot be downloaded"):
        download(site, tmp_path)
    assert len(site.asked) == 4


@pytest.mark.parametrize(("status", "tries"), [(404, 1), (403, 1), (503, 3), (429, 3)])
def test_a_refusal_is_told(site: Site, tmp_path: Path, status: int, tries: int) -> None:
    site.pages["/a.zip"], site.status = CONTENT, status
    with pytest.raises(ResourceError, match=f"/a.zip cannot be downloaded: the server says {status}"):
        download(site, tmp_path)
    assert len(site.asked) == tries


def test_what_arrived_is_kept_when_the_server_dies(site: Site, tmp_path: Path) -> None:
    site.pages["/a.zip"] = CONTENT
    site.lasts = [1000, 0, 0]
    with pytest.raises(ResourceError, match="cannot be downloaded"):
        download(site, tmp_path, attempts=2)
    assert (tmp_path / "a.zip.part").read_bytes() == CONTENT[:1000]


def test_no_server_is_told(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/a.zip"
    downloader = ResumingDownload(tmp_path / "a.zip.part", attempts=2, wait=0.0)
    with pytest.raises(ResourceError, match="there is no connection to the server"):
        downloader(url, str(tmp_path / "out"), None)


def test_stopping_keeps_what_arrived(site: Site, tmp_path: Path) -> None:
    site.pages["/a.zip"] = CONTENT

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ResumingDownload(tmp_path / "a.zip.part", stop)(f"{site.url}/a.zip", str(tmp_path / "out"), None)
    arrived = (tmp_path / "a.zip.part").read_bytes()
    assert arrived
    assert CONTENT.startswith(arrived)
    assert not (tmp_path / "out").exists()
    assert download(site, tmp_path) == CONTENT


def test_a_disk_that_is_too_small_is_told(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site.pages["/a.zip"] = CONTENT
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr("fusionkit.download.transfer.shutil.disk_usage", lambda _: usage)
    with pytest.raises(ResourceError, match="make room"):
        download(site, tmp_path)
