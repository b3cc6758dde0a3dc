"""Values that a user gives to single branches, as ``BRANCH=VALUE``."""

from __future__ import annotations

from collections.abc import Sequence

from fusionkit.errors import UsageError
from fusionkit.options import plain_name


def branch_values(texts: Sequence[str] | None, names: Sequence[str], setting: str) -> dict[str, str]:
    """Return the values by the whole name of their branch.

    Parameters
    ----------
    texts : sequence of str, optional
        ``BRANCH=VALUE`` each, where BRANCH is the name of a branch or a part of it that no other one has.
    names : sequence of str
        The branches of the model.
    setting : str
        What errors call the setting.

    Raises
    ------
    UsageError
        If a text has another form, its branch does not exist or is one of several, or a branch has two values.
    """
    found: dict[str, str] = {}
    for text in texts or ():
        given, equals, value = text.partition("=")
        if not (equals and given.strip() and value.strip()):
            raise UsageError(f"{setting} is {text!r}; expected BRANCH=VALUE, for example {names[0]}=VALUE")
        name = _find(given, names, setting)
        if name in found:
            raise UsageError(f"{setting} names branch {name!r} twice: {found[name]} and {value.strip()}")
        found[name] = value.strip()
    return found


def _find(given: str, names: Sequence[str], setting: str) -> str:
    # A name has - between its components and _ inside them; a user may write - for both.
    wanted = plain_name(given)
    matches = [name for name in names if plain_name(name) == wanted] or [
        name for name in names if wanted in plain_name(name)
    ]
    if len(matches) == 1:
        return matches[0]
    what = f"fits {', '.join(matches)}" if matches else "is no branch of the model"
    raise UsageError(f"{setting}: {given.strip()!r} {what}; its branches: {', '.join(names)}")
