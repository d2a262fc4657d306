"""Typed placeholders for private values, and the way back."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from cogenesis_langchain.privacy.detectors.spans import ValueKind

if TYPE_CHECKING:
    from cogenesis_langchain.privacy.matching.value_set import Hit

# Also as models write them back: other case, a blank or an escaped underscore.
_PLACEHOLDER: Final = re.compile(r"\[ ?([A-Za-z]{2,12})(?:\\?_|[ -])(\d{1,6}) ?\]")
# Every proper prefix of the above, at the end of a piece.
_OPENING: Final = re.compile(r"\[(?: ?(?:[A-Za-z]{1,12}(?:\\|(?:\\?_|[ -])(?:\d{1,6} ?)?)?)?)?\Z")


class Placeholders:
    """The placeholders of one conversation. Safe to share by threads.

    One string of one kind has one placeholder for as long as the conversation lasts. Text that
    only looks like a placeholder is itself replaced by one, so that nothing else in a masked text
    looks like one and `restore` is exact.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tags: dict[tuple[ValueKind, str], str] = {}
        self._originals: dict[str, str] = {}
        self._counts: dict[ValueKind, int] = {}

    def mask(self, text: str, hits: Sequence[Hit]) -> str:
        """Replace each hit by its placeholder.

        Args:
            text: The text in which the hits were found.
            hits: Not overlapping, in order, as `ValueSet.find` gives them.

        Returns:
            The text with ``[KIND_number]`` in the place of each hit.
        """
        pieces: list[str] = []
        position = 0
        for hit in hits:
            pieces.append(self._escape(text[position : hit.start]))
            pieces.append(self._tag(hit.value.kind, text[hit.start : hit.end]))
            position = hit.end
        pieces.append(self._escape(text[position:]))
        return "".join(pieces)

    def restore(self, text: str) -> str:
        """Put the originals back. ``restore(mask(x, hits)) == x`` for every text.

        Args:
            text: A masked text, or what a model made of one.

        Returns:
            The text with every placeholder of this conversation replaced; unknown ones stay.
        """
        return _PLACEHOLDER.sub(self._original, text)

    def restorer(self) -> StreamRestorer:
        """A restorer for one text that arrives in pieces."""
        return StreamRestorer(self)

    def __repr__(self) -> str:
        return f"Placeholders({len(self._originals)} values)"

    def _escape(self, text: str) -> str:
        return _PLACEHOLDER.sub(lambda found: self._tag("TEXT", found[0]), text)

    def _tag(self, kind: ValueKind, original: str) -> str:
        with self._lock:
            tag = self._tags.get((kind, original))
            if tag is None:
                number = self._counts[kind] = self._counts.get(kind, 0) + 1
                tag = self._tags[kind, original] = f"[{kind}_{number}]"
                self._originals[tag] = original
            return tag

    def _original(self, found: re.Match[str]) -> str:
        return self._originals.get(f"[{found[1].upper()}_{int(found[2])}]", found[0])


class StreamRestorer:
    """Restores a text that arrives in pieces, wherever it is cut. For one reader.

    Args:
        placeholders: The placeholders of the conversation.
    """

    def __init__(self, placeholders: Placeholders) -> None:
        self._placeholders = placeholders
        self._held = ""

    def feed(self, piece: str) -> str:
        """Take the next piece and give what can be told by now, possibly nothing."""
        text = self._held + piece
        opening = _OPENING.search(text)
        cut = opening.start() if opening else len(text)
        self._held = text[cut:]
        return self._placeholders.restore(text[:cut])

    def flush(self) -> str:
        """Give what was held back. Call it once, at the end."""
        text, self._held = self._held, ""
        return self._placeholders.restore(text)
