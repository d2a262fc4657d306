"""Where the cloud model would leave a blank, it has no say.

Without the private context a cloud model writes "[Name]" where a fact belongs. It is sure of its
bracket and so outweighs a local model that hesitates between two facts, and the text fills with
blanks. But a blank says only that the cloud model does not know: there the local model decides
alone (``w = 1``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias, final

from cogenesis_langchain.fusion.judge import Judge, View
from cogenesis_langchain.models.base import TopK

if TYPE_CHECKING:
    from cogenesis_langchain.fusion.operators import Probabilities

Decode: TypeAlias = Callable[[Sequence[int]], bytes]
"""Bytes of local tokens."""

_OPENINGS: Final = (b"[", b"{", b"__")


@final
class SilentAtBlanks:
    """A judge that passes over the positions at which the cloud model would leave a blank.

    What it says of a position depends on the cloud model's answer there alone: fusion stays exact.

    Args:
        judge: Asks the cloud model.
        decode: Of the local model, whose tokens the judge answers in.
    """

    def __init__(self, judge: Judge, decode: Decode) -> None:
        self._judge = judge
        self._decode = decode
        self.end_tokens = judge.end_tokens

    def judge(self, written: Sequence[int], block: Sequence[int]) -> list[View]:
        """Ask for the positions of a block; see `Judge.judge`."""
        return [self._heard(view) for view in self._judge.judge(written, block)]

    def _heard(self, view: View) -> View:
        def heard(local: Probabilities) -> TopK | None:
            topk = view(local)
            return None if topk is None or leaves_blank(topk, self._decode) else topk

        return heard


def leaves_blank(topk: TopK, decode: Decode) -> bool:
    """Whether the likeliest token opens a blank such as ``[Name]`` or ``____``.

    Args:
        topk: The cloud model's answer for a position, in local tokens.
        decode: Gives their bytes.
    """
    likeliest = int(topk.ids[topk.logprobs.argmax()])
    return decode((likeliest,)).lstrip().startswith(_OPENINGS)
