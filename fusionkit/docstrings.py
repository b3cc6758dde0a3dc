"""Docstrings of components as plain text, for the terminal and the documentation."""

from __future__ import annotations

import inspect
import re


def summary(target: object) -> str:
    """Return the first paragraph of a docstring, on one line and without markup."""
    return " ".join(plain((inspect.getdoc(target) or "").split("\n\n")[0]).split())


def sections(target: object) -> dict[str, str]:
    """Return the sections of a numpydoc docstring by heading, the text before the first one under an empty heading."""
    parts = re.split(r"(?:^|\n\n)([A-Z][a-z]+)\n-{3,}\n", inspect.getdoc(target) or "")
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


def plain(text: str) -> str:
    """Return reStructuredText without its marks: footnotes, literals and formulas."""
    text = re.sub(r" ?\[\d+\]_", "", text)
    text = re.sub(r"^\.\. \[\d+\] ", "- ", text, flags=re.MULTILINE)
    text = re.sub(r"^\.\. math:: ", "    ", text, flags=re.MULTILINE)
    return re.sub(r":math:`([^`]+)`", r"\1", text).replace("``", "").replace("`", "")
