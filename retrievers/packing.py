"""Fitting retrieved documents into the local model's window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from langchain_core.documents import Document

_BYTES_PER_TOKEN: Final = 3


@dataclass(frozen=True, slots=True)
class Packing:
    """What fits and what does not.

    Attributes:
        documents: What fits, in the order given.
        left_out: What does not.
        tokens: Tokens of what fits.
    """

    documents: list[Document] = field(repr=False)
    left_out: list[Document] = field(repr=False)
    tokens: int


def pack(
    documents: Sequence[Document], budget: int | None, count_tokens: Callable[[str], int]
) -> Packing:
    """Take documents in order as long as they fit; a shorter one may follow one that does not.

    Args:
        documents: The most important first.
        budget: Most tokens of all together; None takes all.
        count_tokens: Counts the tokens of a text as the model will.
    """
    taken: list[Document] = []
    left_out: list[Document] = []
    used = 0
    for document in documents:
        tokens = count_tokens(document.page_content)
        if budget is None or used + tokens <= budget:
            taken.append(document)
            used += tokens
        else:
            left_out.append(document)
    return Packing(taken, left_out, used)


def estimated_tokens(text: str) -> int:
    """Estimate tokens without a tokenizer, rather too many than too few for European languages."""
    return len(text.encode("utf-8", "replace")) // _BYTES_PER_TOKEN + 1
