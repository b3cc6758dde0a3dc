"""What a reader does besides reading, told by an audit hook."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

WATCHED = {
    *("import", "exec", "compile", "marshal.loads", "pickle.find_class", "ctypes.dlopen", "socket.connect"),
    *("os.system", "os.exec", "os.fork", "os.posix_spawn", "subprocess.Popen"),
    *("os.remove", "os.rename", "os.mkdir", "os.rmdir", "shutil.rmtree"),
}


class Watch:
    """Tells what a reader does besides reading."""

    def __init__(self) -> None:
        self._inside: Path | None = None
        self.seen: list[str] = []
        sys.addaudithook(self._take)

    @contextlib.contextmanager
    def reading(self, folder: Path) -> Iterator[None]:
        """Watch what is done while a folder is read."""
        self.seen, self._inside = [], folder
        try:
            yield
        finally:
            self._inside = None

    def _take(self, event: str, given: tuple[Any, ...]) -> None:
        if self._inside is None:
            return
        if event == "compile" and bytes(given[0] or b"").startswith(b"Annotated["):
            return  # the signature of a component
        if event == "exec" and given[0].co_filename == "<string>":
            return  # what was compiled, and is told there
        if event in WATCHED:
            self.seen.append(f"{event} {given[0]!r:.100}")
        elif event == "open" and isinstance(given[0], str | bytes) and not self._known(Path(os.fsdecode(given[0]))):
            self.seen.append(f"open {given[0]!r}")

    def _known(self, path: Path) -> bool:
        assert self._inside is not None
        return Path(os.path.abspath(path)).is_relative_to(self._inside)  # noqa: PTH100  # a link stays a link
