"""Ignores the cloud's vote where its top token opens a blank such as ``[Name]``.

Without the private context a cloud model writes "[Name]" where a fact belongs. It gives the bracket
a high probability and so outvotes a local model that hesitates between two facts. The blank only
says that the cloud model does not know the fact, so the local model decides alone there (``w =
1``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias, final

from cogenesis_langchain.fusion.verification.verifier import CloudView, Verifier
from cogenesis_langchain.models.scoring.scores import TopK

if TYPE_CHECKING:
    from cogenesis_langchain.models.base import Probabilities

Decode: TypeAlias = Callable[[Sequence[int]], bytes]
"""Returns the bytes of local tokens."""

_BLANK_PREFIXES: Final = (b"[", b"{", b"__")


@final
class BlankFilter:
    """Wraps a verifier and drops its answer where the cloud model would leave a blank.

    Whether a position is dropped depends only on the cloud model's answer for it, so fused decoding
    stays exact.

    Args:
        verifier: The verifier that asks the cloud model.
        decode: Decodes local tokens, in which the verifier answers.
    """

    def __init__(self, verifier: Verifier, decode: Decode) -> None:
        self._verifier = verifier
        self._decode = decode
        self.end_tokens = verifier.end_tokens

    def verify(self, written: Sequence[int], block: Sequence[int]) -> list[CloudView]:
        """Ask for the positions of a block; see `Verifier.verify`."""
        return [self._filtered(view) for view in self._verifier.verify(written, block)]

    def shown(self, written: Sequence[int], block: Sequence[int]) -> Sequence[int] | None:
        """Return what the request for a block shows of the text; see `Verifier.shown`."""
        return self._verifier.shown(written, block)

    def _filtered(self, view: CloudView) -> CloudView:
        def filtered(local: Probabilities) -> TopK | None:
            topk = view(local)
            return None if topk is None or opens_blank(topk, self._decode) else topk

        return filtered


def opens_blank(topk: TopK, decode: Decode) -> bool:
    """Whether the most probable token opens a blank such as ``[Name]`` or ``____``.

    Args:
        topk: The cloud model's answer for a position, in local tokens.
        decode: Decodes local tokens.
    """
    top = int(topk.ids[topk.logprobs.argmax()])
    return decode((top,)).lstrip().startswith(_BLANK_PREFIXES)
