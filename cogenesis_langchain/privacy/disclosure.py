"""Disclosure: which view of the generated text the cloud model sees in fused decoding.

Fused decoding asks the cloud model for next-token probabilities while the text is written. Each
request carries the cloud prompt followed by a *view* of the text so far. A `Disclosure` makes that
view; only it can make the `PublicTokens` and `PublicText` that the scorers send.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, final

from cogenesis_langchain.privacy.text import BORDER_SEAL, PublicText, _Seal


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
    """Makes the view of the text so far that goes to the cloud model."""

    def tokens(self, prompt: PublicTokens, written: Sequence[int]) -> PublicTokens:
        """Return the cloud prompt followed by the view of these ids."""
        ...

    def text(self, prompt: PublicText, written: str) -> PublicText:
        """Return the cloud prompt followed by the view of this text."""
        ...


@final
class OpenDisclosure:
    """Shows the cloud model the text so far unchanged (``disclosure="open"``), as in the paper.

    The cloud model then sees whatever the local model quotes from the private context, rejected
    drafts included. It is never a default: a caller must ask for it.
    """

    def tokens(self, prompt: PublicTokens, written: Sequence[int]) -> PublicTokens:
        """Return the cloud prompt followed by these ids."""
        return PublicTokens((*prompt.ids, *written), seal=BORDER_SEAL)

    def text(self, prompt: PublicText, written: str) -> PublicText:
        """Return the cloud prompt followed by this text."""
        return PublicText(str(prompt) + written, seal=BORDER_SEAL)
