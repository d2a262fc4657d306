"""Packs the private context into the local model's window, so that its size decides nothing else.

Whether a request is sent must not depend on the size of the context. So a context that is too long
is shortened from its end, where the least important documents stand, until the prompt fits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice
from typing import Final, TypeVar

from cogenesis_langchain.collaboration.preparation import Prepared
from cogenesis_langchain.errors import ContextTooLong
from cogenesis_langchain.privacy.text import PrivateText

_T = TypeVar("_T")
MARGIN: Final = 1.05
"""By how much more than its share a text is shortened."""
_LEAST_STEP: Final = 100
"""Characters; so that the prompt becomes shorter each time."""


def with_fitting_context(
    prepared: Prepared, attempt: Callable[[Prepared], _T]
) -> tuple[_T, Prepared]:
    """Do something with a request, with less of its context where that does not fit.

    Args:
        prepared: The request.
        attempt: What to do; it raises `ContextTooLong` before it has any effect.

    Returns:
        The result, and the request with what of the context was used.

    Raises:
        ContextTooLong: It does not fit without any context either.
    """
    while True:
        try:
            return attempt(prepared), prepared
        except ContextTooLong as error:
            if not prepared.context:
                raise
            prepared = _shortened(prepared, error.needed, error.window)


def started(pieces: Iterator[_T]) -> Iterator[_T]:
    """Run an iterator to its first piece, where a writer raises `ContextTooLong`."""
    first = list(islice(pieces, 1))
    return chain(first, pieces)


def _shortened(prepared: Prepared, needed: int, window: int) -> Prepared:
    size = sum(len(text) for text in prepared.context)
    excess = math.ceil((needed - window) * MARGIN * size / needed)
    context = without_end(prepared.context, max(excess, _LEAST_STEP))
    left_out = prepared.left_out + size - sum(len(text) for text in context)
    return replace(prepared, context=context, left_out=left_out)


def without_end(context: Sequence[PrivateText], excess: int) -> tuple[PrivateText, ...]:
    """Leave out at least this number of characters, from the last text backwards."""
    kept = list(context)
    while kept and len(kept[-1]) <= excess:
        excess -= len(kept.pop())
    if kept and excess:
        text = kept.pop().reveal()
        beginning = text[: len(text) - excess]
        kept.append(PrivateText(beginning[: beginning.rfind(" ") + 1] or beginning))
    return tuple(kept)
