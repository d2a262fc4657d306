"""Placeholders: replace private values by typed tags such as ``[NAME_1]``, and restore them."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from cogenesis_langchain.privacy.detectors.spans import ValueKind

if TYPE_CHECKING:
    from cogenesis_langchain.privacy.matching.value_set import Hit

# Models write a placeholder back in another case, with a space, or with an escaped underscore.
_PLACEHOLDER: Final = re.compile(r"\[ ?([A-Za-z]{2,12})(?:\\?_|[ -])(\d{1,6}) ?\]")


class Placeholders:
    """The placeholders of one conversation. Thread-safe.

    Each string of a kind keeps the same placeholder for the whole conversation. Text that merely
    looks like a placeholder is replaced by one too (kind ``TEXT``). So every tag in a masked text
    is ours, and `restore` is exact.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tags: dict[tuple[ValueKind, str], str] = {}
        self._originals: dict[str, str] = {}
        self._counts: dict[ValueKind, int] = {}

    def mask(self, text: str, hits: Sequence[Hit], *, masked_before: bool = False) -> str:
        """Replace each hit by its placeholder.

        Args:
            text: The text in which the hits were found.
            hits: Ordered and disjoint, as `ValueSet.find` returns them.
            masked_before: Whether placeholders of this conversation in the text are its own, and
                stay. Elsewhere somebody else wrote them, and they are replaced too.

        Returns:
            The text with ``[KIND_number]`` in place of each hit.
        """
        pieces: list[str] = []
        position = 0
        for hit in hits:
            pieces.append(self._escape(text[position : hit.start], masked_before))
            pieces.append(self.tag(hit.value.kind, text[hit.start : hit.end]))
            position = hit.end
        pieces.append(self._escape(text[position:], masked_before))
        return "".join(pieces)

    def mask_whole(self, text: str) -> str:
        """Return one placeholder (kind ``TEXT``) that stands for a whole text."""
        return self.tag("TEXT", text)

    def restore(self, text: str, *, in_json: bool = False) -> str:
        """Replace placeholders by the original strings. ``restore(mask(x, hits)) == x``.

        Args:
            text: A masked text, or a model's answer to one.
            in_json: Whether the text is JSON, whose strings hold the placeholders.

        Returns:
            The text with every placeholder of this conversation replaced. Unknown ones stay.
        """
        if in_json:
            return _PLACEHOLDER.sub(self._original_in_json, text)
        return _PLACEHOLDER.sub(self._original, text)

    def has_unknown(self, text: str) -> bool:
        """Whether a text holds a placeholder that stands for nothing."""
        return any(self._original(found) == found[0] for found in _PLACEHOLDER.finditer(text))

    def entries(self) -> list[tuple[ValueKind, str]]:
        """Return kinds and originals, oldest first; `extend` makes the same tags of them."""
        with self._lock:
            return list(self._tags)

    def hidden(self) -> list[tuple[ValueKind, str]]:
        """Return the entries that hide something: text that only looks like a placeholder does not.

        A part that was masked as a whole (kind ``TEXT``) is one of them.
        """
        return [entry for entry in self.entries() if not _PLACEHOLDER.fullmatch(entry[1])]

    def extend(self, entries: Iterable[tuple[ValueKind, str]]) -> None:
        """Add values as if they were masked one after the other."""
        for kind, original in entries:
            self.tag(kind, original)

    def __repr__(self) -> str:
        return f"Placeholders({len(self._originals)} values)"

    def _escape(self, text: str, masked_before: bool) -> str:
        def escaped(found: re.Match[str]) -> str:
            is_own = masked_before and self._original(found) != found[0]
            return found[0] if is_own else self.tag("TEXT", found[0])

        return _PLACEHOLDER.sub(escaped, text)

    def tag(self, kind: ValueKind, original: str) -> str:
        """Return the placeholder of a value."""
        with self._lock:
            tag = self._tags.get((kind, original))
            if tag is None:
                number = self._counts[kind] = self._counts.get(kind, 0) + 1
                tag = self._tags[kind, original] = f"[{kind}_{number}]"
                self._originals[tag] = original
            return tag

    def _original(self, found: re.Match[str]) -> str:
        return self._originals.get(f"[{found[1].upper()}_{int(found[2])}]", found[0])

    def _original_in_json(self, found: re.Match[str]) -> str:
        return json.dumps(self._original(found), ensure_ascii=False)[1:-1]


def without_placeholders(text: str) -> str:
    """Return a text without what looks like a placeholder."""
    return _PLACEHOLDER.sub("", text)
