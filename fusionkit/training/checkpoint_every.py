"""How often the state of a training is saved."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fusionkit.errors import UsageError

_FORM = re.compile(r"(\d+(?:\.\d+)?)(s|min)?")


@dataclass(frozen=True)
class CheckpointEvery:
    """When the state of a training is saved, besides the end of every stage; it changes no result.

    Parameters
    ----------
    steps : int, optional
        After so many steps.
    seconds : float, optional
        After so many seconds.
    epochs : bool
        After every epoch, unless saving then took more than a tenth of the time.
    """

    steps: int | None = None
    seconds: float | None = 300.0
    epochs: bool = True


def parse_checkpoint_every(text: str | None) -> CheckpointEvery:
    """Return what ``100`` (steps), ``90s`` or ``5min`` means, or the default where nothing is said.

    Raises
    ------
    UsageError
        If the text is none of these.
    """
    if text is None:
        return CheckpointEvery()
    found = _FORM.fullmatch(text.strip())
    if found and float(found[1]) > 0:
        if found[2]:
            return CheckpointEvery(seconds=float(found[1]) * (60 if found[2] == "min" else 1), epochs=False)
        if found[1].isdecimal():
            return CheckpointEvery(steps=int(found[1]), seconds=None, epochs=False)
    raise UsageError(f"--checkpoint-every {text!r}; expected steps, as 100, or a time, as 90s or 5min")
