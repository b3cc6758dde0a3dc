"""Download one file over HTTP so that a broken connection costs only what had not arrived."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests
import urllib3

from fusionkit.errors import ResourceError

Progress = Callable[[str, int, int], None]
"""Called with what is done, and how many bytes of how many; 0 where their number is unknown."""

_BLOCK = 1 << 20


class _BrokenError(Exception):
    """The transfer stopped early; another try may go on."""


class ResumingDownload:
    """A downloader for ``pooch`` that goes on where an earlier one stopped.

    What has arrived is kept in ``<file>.part``, and the server's mark of that version (ETag or date) in
    ``<file>.part.version``. If the server does not know ranges, or has another version by now, it starts anew.

    Parameters
    ----------
    part : Path
        Where to keep what has arrived.
    progress : callable, optional
        See `Progress`.
    attempts : int
        Tries, without a byte arriving, before giving up.
    wait : float
        Pause before the second try, in s; it doubles with every further one.
    timeout : float
        Longest silence of the server, in s.

    Raises
    ------
    ResourceError
        If the server cannot be reached or refuses, or the disk is too small. What has arrived is kept.
    """

    def __init__(
        self,
        part: Path,
        progress: Progress | None = None,
        *,
        attempts: int = 4,
        wait: float = 1.0,
        timeout: float = 30.0,
    ) -> None:
        self._part = part
        self._version = part.with_name(f"{part.name}.version")
        self._progress = progress
        self._attempts = attempts
        self._wait = wait
        self._timeout = timeout

    def __call__(self, url: str, output_file: str, _: Any) -> None:
        """Download ``url`` to ``output_file``."""
        failures = most = 0
        with requests.Session() as session:
            while True:
                most = max(most, self._arrived())
                try:
                    self._continue(session, url)
                    break
                except (requests.exceptions.InvalidSchema, requests.exceptions.TooManyRedirects) as error:
                    raise ResourceError(f"{url} leads to an address that is not followed: {error}") from error
                except (_BrokenError, requests.RequestException, urllib3.exceptions.HTTPError) as error:
                    failures = 0 if self._arrived() > most else failures + 1
                    if failures >= self._attempts:
                        raise ResourceError(f"{url} cannot be downloaded: {_reason(error)}") from error
                    time.sleep(self._wait * 2 ** max(0, failures - 1))
        self._part.replace(output_file)
        self._version.unlink(missing_ok=True)

    def _arrived(self) -> int:
        return self._part.stat().st_size if self._part.exists() else 0

    def _continue(self, session: Any, url: str) -> None:
        start = self._arrived()
        version = self._version.read_text(encoding="utf-8") if start and self._version.exists() else ""
        headers = {"Accept-Encoding": "identity"}
        if version:
            headers |= {"Range": f"bytes={start}-", "If-Range": version}
        with session.get(url, headers=headers, stream=True, timeout=self._timeout) as response:
            _check_answer(url, response)
            goes_on = response.status_code == 206
            if response.status_code == 416 or (
                goes_on and not response.headers.get("Content-Range", "").startswith(f"bytes {start}-")
            ):
                self._part.unlink(missing_ok=True)
                raise _BrokenError("the server cannot go on with what had arrived")
            if not goes_on:
                start = 0
                self._part.unlink(missing_ok=True)
            length = response.headers.get("Content-Length", "")
            total = start + int(length) if length.isdecimal() else 0
            _check_room(self._part, total - start)
            self._remember(response)
            self._receive(response, start, total)

    def _remember(self, response: Any) -> None:
        etag = response.headers.get("ETag", "")
        # A weak ETag may not be used for ranges.
        version = etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified", "")
        self._version.write_text(version, encoding="utf-8")

    def _receive(self, response: Any, done: int, total: int) -> None:
        with self._part.open("ab") as file:
            # The bytes as they are sent: an archive that the server calls "gzip-encoded" stays an archive.
            for block in response.raw.stream(_BLOCK, decode_content=False):
                file.write(block)
                done += len(block)
                if self._progress:
                    self._progress(f"downloading {self._part.stem}", done, total)
        if total and done != total:
            raise _BrokenError(f"the connection ended after {done} of {total} bytes")


def _check_room(part: Path, needed: int) -> None:
    free = shutil.disk_usage(part.parent).free
    if needed > free:
        raise ResourceError(
            f"{part.parent} has {free / 1e6:,.0f} MB free, but {part.stem} still needs {needed / 1e6:,.0f} MB; "
            "make room or choose another folder with --to"
        )


def _check_answer(url: str, response: Any) -> None:
    for hop in (*response.history, response):
        if url.startswith("https:") and not hop.url.startswith("https:"):
            raise ResourceError(f"{url} leads to {hop.url}, which is not encrypted; it is not followed")
    status = response.status_code
    said = f"the server says {status} {response.reason or ''}".strip()
    if status >= 500 or status == 429:
        raise _BrokenError(said)
    if status not in (200, 206, 416):
        raise ResourceError(f"{url} cannot be downloaded: {said}")


def _reason(error: Exception) -> str:
    if isinstance(error, _BrokenError):
        return str(error)
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
        return "the server does not answer"
    return f"there is no connection to the server ({type(error).__name__})"
