"""Blanks such as ``[date]``, in which small models leave what they should have looked up."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

BRACKETS: Final = "["
"""The character with which a blank begins."""

_BLANK: Final = re.compile(r"\[[A-Za-z][^\[\]\n]{0,40}\]|_{3,}")
_NOTATION: Final = re.compile(
    r"[\[{`]|\b(?:json|yaml|markdown|code|python|sql|regex|script)s?\b", re.IGNORECASE
)


def leftover_placeholders(text: str) -> int:
    """Count blanks such as ``[date]`` that a text was left with."""
    return len(_BLANK.findall(text))


def has_place_for_brackets(texts: Iterable[str]) -> bool:
    """Whether an answer to these texts may well hold brackets.

    A letter has no use for them. But an answer that is to be JSON or code has, and notes that hold
    brackets may be quoted.

    Args:
        texts: Everything that the writer is told.
    """
    return any(_NOTATION.search(text) for text in texts)
