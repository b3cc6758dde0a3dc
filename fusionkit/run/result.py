"""What a complete run gives."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fusionkit.errors import IntegrityError
from fusionkit.run.run_folder import COMPLETE, REPORT, STATE, RunFolder


@dataclass(frozen=True)
class RunResult:
    """What a run gave: its folder, and the summary that stands in its metrics.json."""

    folder: Path
    summary: dict[str, Any]


def finish(folder: RunFolder) -> RunResult:
    """Write what follows from the other files of a run, and remove what only an unfinished one needs.

    Raises
    ------
    IntegrityError
        If the summary cannot be read.
    """
    try:
        summary: dict[str, Any] = json.loads((folder.path / COMPLETE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise IntegrityError(f"{folder.path / COMPLETE} cannot be read: {error}; remove it to make it anew") from error
    if not (folder.path / REPORT).is_file():
        from fusionkit.report.html_report import html_report  # takes a second to import, too long before a run

        folder.write_text(REPORT, html_report(folder.path))
    shutil.rmtree(folder.path / STATE, ignore_errors=True)
    return RunResult(folder.path, summary)
