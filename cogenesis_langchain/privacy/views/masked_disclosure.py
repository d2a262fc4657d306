"""Masked disclosure: the cloud model sees the public view of the text so far."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
        marks: Returns for each token of a text whether it is private by itself; None if none is.
    """

    def __init__(
        self,
        view: GrowingView,
        *,
        encode: Callable[[bytes], Sequence[int]],
        decode: Callable[[Sequence[int]], bytes],
        marks: Callable[[Sequence[int]], Sequence[bool]] | None = None,
    ) -> None:
        self._view = view
        # A text is shown anew for each of its positions, so what was computed is kept.
        self._encode = cache(encode)
        self._decode = cache(lambda token: decode((token,)))
        self._marks = marks if marks is not None else lambda _: ()

    def tokens(self, prompt: PublicTokens, written: Sequence[int]) -> PublicTokens | None:
        """Return the cloud prompt followed by the view; what stands for values is encoded anew."""
        parts = self._view.after(self._pieces(written), self._marks(written))
        if parts is None:
            return None
        ids = [
            token
            for part in parts
            for token in (
                self._encode(part.encode())
                if isinstance(part, str)
                else written[part.start : part.stop]
            )
        ]
        return PublicTokens((*prompt.ids, *ids), seal=BORDER_SEAL)

    def text(self, prompt: PublicText, written: Sequence[int]) -> PublicText | None:
        """Return the cloud prompt followed by the view."""
        pieces = self._pieces(written)
        parts = self._view.after(pieces, self._marks(written))
        if parts is None:
            return None
        shown = (
            part if isinstance(part, str) else _decoded(pieces[part.start : part.stop])
            for part in parts
        )
        return PublicText(str(prompt) + "".join(shown), seal=BORDER_SEAL)

    def shown(self, written: Sequence[int], since: int) -> Sequence[int] | None:
        """Return the indices of the tokens that the last view shows as they are."""
        parts = self._view.last(self._pieces(written), since, self._marks(written))
        if parts is None:
            return None
        ranges = (part for part in parts if not isinstance(part, str))
        return [index for part in ranges for index in part]

    def view(self, written: Sequence[int]) -> Sequence[Part]:
        """Return the view of the longest beginning of a text that has one."""
        return self._view.last(self._pieces(written), 0, self._marks(written)) or ()

    def _pieces(self, written: Sequence[int]) -> list[bytes]:
        return [self._decode(token) for token in written]


def _decoded(pieces: Sequence[bytes]) -> str:
    return b"".join(pieces).decode(errors="replace")
