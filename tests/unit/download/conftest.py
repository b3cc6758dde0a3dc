from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class Site:
    """A web site on this machine: its pages, and how it behaves."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}
        self.redirects: dict[str, str] = {}
        self.version = '"one"'
        self.ranges = True
        self.status = 200
        self.lasts: list[int] = []
        """Bytes after which the connection breaks, one for each of the next answers."""
        self.asked: list[str | None] = []
        """The range of every request."""
        self.url = ""


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append(self.headers.get("Range"))
            if self.path in site.redirects:
                self.send_response(302)
                self.send_header("Location", site.redirects[self.path])
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            content = site.pages.get(self.path)
            if content is None or site.status != 200:
                self.send_error(404 if content is None else site.status)
                return
            start = 0
            wanted = self.headers.get("Range")
            if wanted and site.ranges and self.headers.get("If-Range") == site.version:
                start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start and start >= len(content):
                self.send_error(416)
                return
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            self.send_header("ETag", site.version)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            last = site.lasts.pop(0) if site.lasts else len(content)
            self.wfile.write(content[start : start + last])
            self.close_connection = True

        def log_message(self, *arguments: object) -> None:
            pass

    return Handler


@pytest.fixture
def site() -> Iterator[Site]:
    """Serve pages on 127.0.0.1."""
    site = Site()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(site))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    site.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def tree() -> Callable[..., set[str]]:
    """Return the files below a folder, by their paths inside it."""

    def files(folder: object) -> set[str]:
        from pathlib import Path

        root = Path(str(folder))
        return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}

    return files
