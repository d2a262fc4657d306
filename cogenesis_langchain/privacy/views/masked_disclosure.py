"""Masked disclosure: the cloud model sees the public view of the text so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import final

from cogenesis_langchain.privacy.text import BORDER_SEAL, PublicText
from cogenesis_langchain.privacy.views.disclosure import Part, PublicTokens
from cogenesis_langchain.privacy.views.public_view import GrowingView


@final
class MaskedDisclosure:
    """Shows the cloud model the public view of the text (``disclosure="masked"``).

    Args:
        view: The public view of this text.
        encode: Returns the local tokens of bytes.
        decode: Returns the bytes of local tokens.
        gains: Returns what each token of a text gains by the private context; None if it is not
            measured.
    """

    def __init__(
        self,
        view: GrowingView,
        *,
        encode: Callable[[bytes], Sequence[int]],
        decode: Callable[[Sequence[int]], bytes],
        gains: Callable[[Sequence[int]], Sequence[float]] | None = None,
    ) -> None:
        self._view = view
        # A text is shown anew for each of its positions, so what was computed is kept.
        self._encode = cache(encode)
        self._decode = cache(lambda token: decode((token,)))
        self._gains = gains if gains is not None else lambda _: ()

    def tokens(self, prompt: PublicTokens, written: Sequence[int]) -> PublicTokens | None:
        """Return the cloud prompt followed by the view; what stands for values is encoded anew."""
        parts = self._view.after(self._pieces(written), self._gains(written))
        if parts is None:
            return None
        return PublicTokens((*prompt.ids, *self._encoded(parts, written)), seal=BORDER_SEAL)

    def text(self, prompt: PublicText, written: Sequence[int]) -> PublicText | None:
        """Return the cloud prompt followed by the view."""
        pieces = self._pieces(written)
        parts = self._view.after(pieces, self._gains(written))
        if parts is None:
            return None
        shown = (
            part if isinstance(part, str) else _decoded(pieces[part.start : part.stop])
            for part in parts
        )
        return PublicText(str(prompt) + "".join(shown), seal=BORDER_SEAL)

    def shown(self, written: Sequence[int], since: int) -> Sequence[int] | None:
        """Return the indices of the tokens that the last view shows as they are."""
        last = self._view.last(self._pieces(written), since, self._gains(written))
        if last is None:
            return None
        return [index for part in last[0] if not isinstance(part, str) for index in part]

    def view(self, written: Sequence[int]) -> Sequence[Part]:
        """Return the view of the longest beginning of a text that has one."""
        last = self._view.last(self._pieces(written), 0, self._gains(written))
        return () if last is None else last[0]

    def reading(self, written: Sequence[int]) -> Sequence[int]:
        """Return a text as one reads it who knows its view.

        Args:
            written: The text in local tokens.

        Returns:
            Local tokens. What stands for values is encoded; where the end of the text is open, the
            values in it are masked and the rest is as it is.
        """
        parts, count = self._view.provisional(self._pieces(written), self._gains(written))
        return [*self._encoded(parts, written), *written[count:]]

    def _encoded(self, parts: Sequence[Part], written: Sequence[int]) -> Iterator[int]:
        for part in parts:
            if isinstance(part, str):
                yield from self._encode(part.encode())
            else:
                yield from written[part.start : part.stop]

    def _pieces(self, written: Sequence[int]) -> list[bytes]:
        return [self._decode(token) for token in written]


def _decoded(pieces: Sequence[bytes]) -> str:
    return b"".join(pieces).decode(errors="replace")
