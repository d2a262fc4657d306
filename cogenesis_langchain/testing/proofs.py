"""Two properties of everything that left, as assertions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest
from typing import TypeVar

from langchain_core.documents import Document

from cogenesis_langchain.privacy.matching.value_set import ValueSet
from cogenesis_langchain.testing.exchange import ReceivedRequest
from cogenesis_langchain.testing.recorder import EgressRecorder
from cogenesis_langchain.testing.search import find_leaks, rare_words

Context = TypeVar("Context")


def assert_no_private_value(
    recorder: EgressRecorder,
    context: Iterable[str | Document],
    *,
    values: Iterable[str] = (),
    expect_requests: bool = True,
) -> None:
    """Check that no private value of a context is in any byte that the recorder received.

    Searched are request lines, headers and bodies, compressed ones also decompressed: for the
    private values that the border's own detectors find in the context, for its rare words, and for
    the values named, also in other cases, escaped, encoded, or spread over lines.

    Args:
        recorder: What stood for the other side.
        context: The private texts.
        values: Strings that must not be found, such as canaries.
        expect_requests: Fail when nothing arrived at all, because then nothing was shown.

    Raises:
        AssertionError: Something was found. The message tells the request and the kind of value
            or the form it was found in, not the value.
    """
    texts = [part if isinstance(part, str) else part.page_content for part in context]
    requests = recorder.requests
    if expect_requests and not requests:
        raise AssertionError("nothing arrived at the recorder, so nothing was shown")
    known = ValueSet.from_texts(texts)
    words = {*values, *(word for text in texts for word in rare_words(text))}
    for number, request in enumerate(requests, 1):
        forms = find_leaks(request.everything, words)
        found = [*known.find_in_payload(request.everything), *(f"a string in {f}" for f in forms)]
        if found:
            raise AssertionError(
                f"request {number} of {len(requests)} ({request.method} {_path(request)}) holds "
                f"private values: {', '.join(found)}"
            )


def assert_non_interference(
    run: Callable[[Context], object],
    contexts: Sequence[Context],
    *,
    recorder: EgressRecorder,
) -> None:
    """Check that what leaves does not depend on the private context, byte by byte.

    Args:
        run: Calls the chain once, with one private context and always the same instruction.
        contexts: Private contexts; at least two that differ.
        recorder: What stands for the other side. What it received before is forgotten.

    Raises:
        AssertionError: Two contexts gave different bytes, or nothing left at all.
        ValueError: There is nothing to compare.
    """
    if len(contexts) < 2:
        raise ValueError("two contexts or more are needed to compare what they make leave")
    first: tuple[ReceivedRequest, ...] = ()
    for number, context in enumerate(contexts):
        recorder.clear()
        run(context)
        received = recorder.requests
        if number == 0:
            first = received
            if not first:
                raise AssertionError("nothing arrived at the recorder, so nothing was shown")
        elif (difference := _difference(first, received)) is not None:
            raise AssertionError(
                f"context {number} (counted from 0) made other bytes leave than context 0: "
                f"{difference}"
            )


def _path(request: ReceivedRequest) -> str:
    """The target without its query, which may hold what was found."""
    return request.target.partition("?")[0][:60]


def _difference(before: Sequence[ReceivedRequest], after: Sequence[ReceivedRequest]) -> str | None:
    if len(before) != len(after):
        return f"{len(after)} requests in place of {len(before)}"
    for number, (one, other) in enumerate(zip(before, after, strict=True), 1):
        for part, left, right in (("head", one.head, other.head), ("body", one.body, other.body)):
            if left != right:
                pairs = zip_longest(left, right)
                place = next(place for place, (a, b) in enumerate(pairs) if a != b)
                return f"the {part} of request {number} differs from byte {place} on"
    return None
