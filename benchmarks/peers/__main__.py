"""All benchmarks, one after the other, and one table of the races: ``python -m benchmarks.peers [ARGUMENT ...]``.

Arguments, for example ``--threads 1 --rounds 3``, go to each race; the other benchmarks print their own rows of ratios.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.peers.race import ROOT, say
from benchmarks.peers.table import print_rows, read_rows

OTHERS = ("representations", "loading")
RACES = ("step", "prediction", "loading_step")


def main() -> None:
    """Run them."""
    for name in OTHERS:
        run(name)
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder, "rows.jsonl")
        for name in RACES:
            run(name, "--rows", str(rows), *sys.argv[1:])
        print_rows(read_rows(rows))


def run(name: str, *arguments: str) -> None:
    """Run one benchmark."""
    say(f"== {name}")
    subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *arguments], check=True, cwd=ROOT)
    print(flush=True)


if __name__ == "__main__":
    main()
