"""Bounded disclosure: shows what was drawn under the bound, and placeholders for details."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import final

from cogenesis_langchain.privacy.text import BORDER_SEAL, PublicText
from cogenesis_langchain.privacy.views.disclosure import Part, PublicTokens


@dataclass(slots=True)
class _Detail:
    """A private detail of the text.

    Attributes:
        start: Index of its first token.
        stop: One past its last token; None while it is written.
        shown: What stands for it in the view.
    """

    start: int
    stop: int | None
    shown: str


@final
class BoundedDisclosure:
    """Shows a text with a placeholder for each detail that was written freely (see `Bounded`).

    The decoder says where details begin and end. No text is searched: what is masked would depend
    on the private context, and the bound has to hold for what is masked as well.

    Args:
        encode: Returns the local tokens of bytes.
        decode: Returns the bytes of local tokens.
    """

    def __init__(
        self, *, encode: Callable[[bytes], Sequence[int]], decode: Callable[[Sequence[int]], bytes]
    ) -> None:
        self._encode = cache(encode)
        self._decode = decode
        self._details: list[_Detail] = []

    def begin_detail(self, start: int, *, spaced: bool) -> None:
        """Begin a detail: the tokens from here on are not shown.

        Args:
            start: Number of tokens of the text before it.
            spaced: Whether the cloud model put a space before its blank.
        """
        shown = f"{' ' * spaced}[PRIVATE_{len(self._details) + 1}]"
        self._details.append(_Detail(start, None, shown))

    def end_detail(self, stop: int) -> None:
        """End the detail in progress: the tokens from here on are shown again."""
        self._details[-1].stop = stop

    def tokens(self, prompt: PublicTokens, written: Sequence[int]) -> PublicTokens:
        """Return the cloud prompt followed by the view; placeholders are encoded."""
        return PublicTokens((*prompt.ids, *self.reading(written)), seal=BORDER_SEAL)

    def text(self, prompt: PublicText, written: Sequence[int]) -> PublicText | None:
        """Return the cloud prompt followed by the view; None if it ends inside a character."""
        parts = (
            part.encode()
            if isinstance(part, str)
            else self._decode(written[part.start : part.stop])
            for part in self.view(written)
        )
        try:
            return PublicText(str(prompt) + b"".join(parts).decode(), seal=BORDER_SEAL)
        except UnicodeDecodeError:
            return None

    def shown(self, written: Sequence[int], since: int) -> Sequence[int]:
        """Return the indices of the tokens outside details."""
        return [i for part in self.view(written) if not isinstance(part, str) for i in part]

    def view(self, written: Sequence[int]) -> Sequence[Part]:
        """Return the view of a text."""
        return list(self._parts(len(written)))

    def reading(self, written: Sequence[int]) -> list[int]:
        """Return a text in local tokens as one reads it who knows its view."""
        ids: list[int] = []
        for part in self.view(written):
            ids += (
                self._encode(part.encode())
                if isinstance(part, str)
                else written[part.start : part.stop]
            )
        return ids

    def _parts(self, count: int) -> Iterator[Part]:
        at = 0
        for detail in self._details:
            if detail.start > count:
                break
            if at < detail.start:
                yield range(at, detail.start)
            yield detail.shown
            at = count if detail.stop is None else detail.stop
        if at < count:
            yield range(at, count)
