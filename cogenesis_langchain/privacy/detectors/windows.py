"""Windows: pieces of a long text of bounded length, so that detection takes linear time.

A regular expression can take quadratic time on a text such as 80,000 digits. On windows of bounded
length the time is proportional to the length of the text, whatever the patterns are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_LENGTH: Final = 2_000
_OVERLAP: Final = 200
"""Characters that two neighbouring windows share: longer than any value."""
_BREAKS: Final = (
    re.compile(r".*\n\s*\n", re.DOTALL),
    re.compile(r".*[.!?。！？\n]\s", re.DOTALL),
    re.compile(r".*\s", re.DOTALL),
)
_SPACE: Final = re.compile(r"\s")


def windows(text: str) -> Iterator[tuple[int, str]]:
    """Yield overlapping pieces that cover a text; the whole text, if it is short.

    Args:
        text: Any text.

    Yields:
        The index of the piece's first character, and the piece. Pieces end at the end of a
        paragraph, a sentence or a word, where there is one.
    """
    start = 0
    while len(text) - start > _LENGTH:
        end = _break_before(text, start + _LENGTH // 2, start + _LENGTH)
        yield start, text[start:end]
        space = _SPACE.search(text, end - _OVERLAP, end)
        start = space.end() if space and space.end() < end else end - _OVERLAP
    yield start, text[start:]


def _break_before(text: str, earliest: int, latest: int) -> int:
    """Return the end of the last paragraph, sentence or word between two indices."""
    for pattern in _BREAKS:
        if found := pattern.match(text, earliest, latest):
            return found.end()
    return latest
