"""Disclosure: which view of the generated text the cloud model sees in fused decoding.

Fused decoding asks the cloud model for next-token probabilities while the text is written. Each
request carries the cloud prompt followed by a *view* of the text so far. A `Disclosure` makes that
view; only it can make the `PublicTokens` and `PublicText` that the scorers send.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias, final

from cogenesis_langchain.privacy.text import BORDER_SEAL, PublicText, _Seal

Part: TypeAlias = range | str
"""A part of a view: indices of tokens that are shown as they are, or text shown in their place."""


@final
class PublicTokens:
    """Token ids of the cloud model's tokenizer that may leave the machine.

    Made by `of` from public texts, or by a `Disclosure`.

    Args:
        ids: The token ids.
        seal: `BORDER_SEAL`, which only the border's modules use.

    Raises:
        TypeError: The seal is not the border's.
    """

    __slots__ = ("ids",)

    def __init__(self, ids: Sequence[int], *, seal: _Seal) -> None:
        if seal is not BORDER_SEAL:
            raise TypeError("only a disclosure of the border makes PublicTokens")
        self.ids = tuple(ids)

    @classmethod
    def of(
        cls, texts: Sequence[PublicText], encode: Callable[[Sequence[PublicText]], Sequence[int]]
    ) -> PublicTokens:
        """Encode public texts.

        Args:
            texts: The public texts.
            encode: The cloud model's tokenizer, with its chat template if it has one.
        """
        return cls(encode(texts), seal=BORDER_SEAL)

    def __len__(self) -> int:
        return len(self.ids)


class Disclosure(Protocol):
    """Makes the view of the text so far that goes to the cloud model.

    There is no view where the end of the text is open: inside a character that is split over
    tokens, or where a private value may have begun. The views of a text and of its beginnings
    each start with the one before. They depend on the text alone.
    """

    def tokens(self, prompt: PublicTokens, written: Sequence[int]) -> PublicTokens | None:
        """Return the cloud prompt followed by the view of a text, in the cloud model's tokens.

        Args:
            prompt: The cloud prompt.
            written: The text in local tokens, which are those of the cloud model.
        """
        ...

    def text(self, prompt: PublicText, written: Sequence[int]) -> PublicText | None:
        """Return the cloud prompt followed by the view of a text.

        Args:
            prompt: The cloud prompt.
            written: The text in local tokens.
        """
        ...

    def shown(self, written: Sequence[int], since: int) -> Sequence[int] | None:
        """Return which tokens the last view of a text shows as they are.

        Args:
            written: The text in local tokens.
            since: Number of tokens that the view has to cover at least.

        Returns:
            Their indices in the text, in order; None if no beginning of this length has a view.
        """
        ...

    def view(self, written: Sequence[int]) -> Sequence[Part]:
        """Return the last view of a text: what stands for private values, and indices of tokens.

        Args:
            written: The text in local tokens.
        """
        ...


@final
class OpenDisclosure:
    """Shows the cloud model the text so far unchanged (``disclosure="open"``), as in the paper.

    The cloud model then sees whatever the local model quotes from the private context, rejected
    drafts included. It is never a default: a caller must ask for it.

    Args:
        decode: Returns the bytes of local tokens.
    """

    def __init__(self, decode: Callable[[Sequence[int]], bytes]) -> None:
        self._decode = decode

    def tokens(self, prompt: PublicTokens, written: Sequence[int]) -> PublicTokens:
        """Return the cloud prompt followed by these ids."""
        return PublicTokens((*prompt.ids, *written), seal=BORDER_SEAL)

    def text(self, prompt: PublicText, written: Sequence[int]) -> PublicText | None:
        """Return the cloud prompt followed by this text; None if it ends inside a character."""
        try:
            return PublicText(str(prompt) + self._decode(written).decode(), seal=BORDER_SEAL)
        except UnicodeDecodeError:
            return None

    def shown(self, written: Sequence[int], since: int) -> Sequence[int]:
        """Return all of them."""
        return range(len(written))

    def view(self, written: Sequence[int]) -> Sequence[Part]:
        """Return all of it."""
        return [range(len(written))]
