"""The two privacy properties as assertions: non-interference, and no private value on the wire."""

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
    """Check that the recorder received no private value of a context.

    Request lines, headers, bodies and decompressed bodies are searched for the private values that
    the border's detectors find in the context, for its rare words, and for the given values. They
    are also found in other cases, escaped, encoded, or split over lines.

    Args:
        recorder: The server that stands for the cloud.
        context: The private texts.
        values: Further strings that must not occur, such as canaries.
        expect_requests: Fail if no request arrived, because the check then proves nothing.

    Raises:
        AssertionError: A private value was found. The message names the request, and the kind of
            value or the encoding, but not the value.
    """
    texts = [part if isinstance(part, str) else part.page_content for part in context]
    requests = recorder.requests
    if expect_requests and not requests:
        raise AssertionError("no request arrived at the recorder, so nothing was checked")
    known = ValueSet.from_texts(texts)
    words = {*values, *(word for text in texts for word in rare_words(text))}
    for number, request in enumerate(requests, 1):
        encodings = find_leaks(request.searchable, words)
        kinds = known.find_in_payload(request.searchable)
        found = [*kinds, *(f"a string in {encoding}" for encoding in encodings)]
        if found:
            raise AssertionError(
                f"request {number} of {len(requests)} ({request.method} {_path(request)}) contains "
                f"private values: {', '.join(found)}"
            )


def assert_non_interference(
    run: Callable[[Context], object],
    contexts: Sequence[Context],
    *,
    recorder: EgressRecorder,
) -> None:
    """Check that the requests are byte-identical for different private contexts.

    Args:
        run: Calls the chain once with a private context, always with the same instruction.
        contexts: At least two different private contexts.
        recorder: The server that stands for the cloud. Its earlier requests are deleted.

    Raises:
        AssertionError: Two contexts gave different requests, or there was no request.
        ValueError: There are fewer than two contexts.
    """
    if len(contexts) < 2:
        raise ValueError("at least two contexts are needed for a comparison")
    first: tuple[ReceivedRequest, ...] = ()
    for number, context in enumerate(contexts):
        recorder.clear()
        run(context)
        received = recorder.requests
        if number == 0:
            first = received
            if not first:
                raise AssertionError("no request arrived at the recorder, so nothing was checked")
        elif (difference := _difference(first, received)) is not None:
            raise AssertionError(
                f"contexts[{number}] gave other requests than contexts[0]: {difference}"
            )


def _path(request: ReceivedRequest) -> str:
    """Return the path of a request without its query, which may contain the private value."""
    return request.target.partition("?")[0][:60]


def _difference(before: Sequence[ReceivedRequest], after: Sequence[ReceivedRequest]) -> str | None:
    if len(before) != len(after):
        return f"{len(after)} requests instead of {len(before)}"
    for number, (one, other) in enumerate(zip(before, after, strict=True), 1):
        for part, left, right in (("head", one.head, other.head), ("body", one.body, other.body)):
            if left != right:
                pairs = zip_longest(left, right)
                offset = next(offset for offset, (a, b) in enumerate(pairs) if a != b)
                return f"the {part} of request {number} differs from byte {offset} on"
    return None
