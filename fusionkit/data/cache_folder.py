"""Where what was computed once is kept."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def cache_folder() -> Path:
    """Return where views are kept.

    That is ``$FUSIONKIT_CACHE``, else ``$XDG_CACHE_HOME/fusionkit``, else ``~/.cache/fusionkit``, else, where there is
    no home, ``fusionkit`` in the folder for temporary files.
    """
    for variable, below in (("FUSIONKIT_CACHE", "."), ("XDG_CACHE_HOME", "fusionkit"), ("HOME", ".cache/fusionkit")):
        folder = os.environ.get(variable)
        if folder:
            return Path(folder, below)
    return Path(tempfile.gettempdir(), "fusionkit")
