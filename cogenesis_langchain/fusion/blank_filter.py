"""Where the cloud model would leave a blank, it has no say.

Without the private context a cloud model writes "[Name]" where a fact belongs. It is sure of its
bracket and so outweighs a local model that hesitates between two facts, and the text fills with
blanks. But a blank says only that the cloud model does not know: there the local model decides
alone (``w = 1``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias, final

from cogenesis_langchain.fusion.verifier import Verifier, View
from cogenesis_langchain.models.base import TopK

if TYPE_CHECKING:
    from cogenesis_langchain.models.base import Probabilities

Decode: TypeAlias = Callable[[Sequence[int]], bytes]
"""Bytes of local tokens."""

_OPENINGS: Final = (b"[", b"{", b"__")


@final
class BlankFilter:
    """A verifier that passes over the positions at which the cloud model would leave a blank.

    What it says of a position depends on the cloud model's answer there alone: fusion stays exact.

    Args:
        verifier: Asks the cloud model.
        decode: Of the local model, whose tokens the verifier answers in.
    """

    def __init__(self, verifier: Verifier, decode: Decode) -> None:
        self._verifier = verifier
        self._decode = decode
        self.end_tokens = verifier.end_tokens

    def verify(self, written: Sequence[int], block: Sequence[int]) -> list[View]:
        """Ask for the positions of a block; see `Verifier.verify`."""
        return [self._heard(view) for view in self._verifier.verify(written, block)]

    def _heard(self, view: View) -> View:
        def heard(local: Probabilities) -> TopK | None:
            topk = view(local)
            return None if topk is None or opens_blank(topk, self._decode) else topk

        return heard


def opens_blank(topk: TopK, decode: Decode) -> bool:
    """Whether the likeliest token opens a blank such as ``[Name]`` or ``____``.

    Args:
        topk: The cloud model's answer for a position, in local tokens.
        decode: Gives their bytes.
    """
    likeliest = int(topk.ids[topk.logprobs.argmax()])
    return decode((likeliest,)).lstrip().startswith(_OPENINGS)
