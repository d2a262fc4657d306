"""How much of what is generated the cloud model may see.

Fused decoding asks the cloud model about a text while it is written. What goes out at each request
is the cloud prompt followed by a *view* of the text so far; a `Disclosure` makes that view, and
nothing else can make the `PublicTokens` and `PublicText` that the scorers send.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, final

from cogenesis_langchain.privacy.text import BORDER_SEAL, PublicText, _Seal


@final
class PublicTokens:
    """Token ids, of the cloud model's tokenizer, that may leave the machine.

    Made by `of` from public texts, or by a `Disclosure`.

    Args:
        ids: The ids.
        seal: The border's seal.

    Raises:
        TypeError: Someone other than the border tried.
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
        """Encode texts that are public already.

        Args:
            texts: The texts.
            encode: The cloud model's tokenizer, perhaps with its chat template.
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
    """Lets the text so far out as it is (``disclosure="open"``), as in the paper.

    Whatever the local model quotes from the private context is then seen by the cloud model,
    rejected drafts included. Never a default: a caller spells it out.
    """

    def tokens(self, prompt: PublicTokens, written: Sequence[int]) -> PublicTokens:
        """Return the cloud prompt followed by these ids."""
        return PublicTokens((*prompt.ids, *written), seal=BORDER_SEAL)

    def text(self, prompt: PublicText, written: str) -> PublicText:
        """Return the cloud prompt followed by this text."""
        return PublicText(str(prompt) + written, seal=BORDER_SEAL)
