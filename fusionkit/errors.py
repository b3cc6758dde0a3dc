"""Errors that a user meets: one clear line each, and the exit code that goes with it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


class FusionkitError(Exception):
    """An expected failure: who, what was found, what was expected, what to do.

    Parameters
    ----------
    message : str
        One line.
    details : sequence of str
        Further lines, for example every bad file of a data set. They are shown below the message.
    """

    exit_code = 1

    def __init__(self, message: str, /, details: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.details = tuple(details)

    def __str__(self) -> str:
        return "\n  ".join((self.message, *self.details))


class RunError(FusionkitError):
    """A run started and failed, for example because the loss became NaN."""

    exit_code = 1


class UsageError(FusionkitError):
    """A name, an option, a combination or a configuration that cannot be run."""

    exit_code = 2


class DataError(FusionkitError):
    """Recordings, labels or splits that cannot be used as they are."""

    exit_code = 3


class PluginError(FusionkitError):
    """A plugin that is broken, missing, or does not do what it declares."""

    exit_code = 4


class IntegrityError(FusionkitError):
    """A checkpoint or a run folder whose content is not what was written."""

    exit_code = 5


class ResourceError(FusionkitError):
    """Memory, disk, device or permission that the run needs and does not have."""

    exit_code = 6


class StoppedError(FusionkitError):
    """A run that was asked to stop, and that goes on from there when it is resumed."""

    exit_code = 75


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a hint on the nearest known name, or all known names when none is near.

    Parameters
    ----------
    name : str
        What the user wrote.
    known : iterable of str
        What would have been accepted.

    Returns
    -------
    str
        ``did you mean 'depth'?`` or ``known: a, b, c``.
    """
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"known: {', '.join(names)}" if names else "none is known"
