"""Behaviours of an `EgressRecorder`: chat completions, errors, slow and broken answers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from cogenesis_langchain.testing.exchange import Exchange

Behaviour: TypeAlias = Callable[[Exchange], None]
"""A function that answers one request."""

OUTLINE: Final = """1. Greet the reader
2. Why I write today
3. What happened so far
4. The most important point
5. A second point
6. What I ask for
7. When it would suit
8. Thanks and close"""
"""An outline that passes the checks of a sketch."""

TEMPLATE: Final = """Dear [name of the reader],

I am writing to you about something that matters to me. [One or two sentences: what happened so far]

The most important point is [the main point, as a noun phrase]. I would be grateful if you could
answer by [date by which an answer is needed].

Thank you very much, and kind regards,

[my name]"""
"""A template that passes the checks of a sketch."""

_MODEL: Final = "recorded"
_JSON: Final = {"Content-Type": "application/json"}


def chat(text: str = TEMPLATE) -> Behaviour:
    """Answer with a chat completion, streamed if the request asks for a stream.

    Requests to other paths, such as those of a tracer, get an empty JSON object.
    """

    def behave(exchange: Exchange) -> None:
        if not exchange.request.target.split("?")[0].endswith("/chat/completions"):
            exchange.answer(200, b"{}", _JSON)
        elif json.loads(exchange.request.content).get("stream"):
            body = b"".join(_events(text))
            exchange.answer(200, body, {"Content-Type": "text/event-stream"})
        else:
            exchange.answer(200, _completion(text), _JSON)

    return behave


def status(
    code: int,
    *,
    retry_after: str | None = None,
    message: str = "no",
    headers: Mapping[str, str] | None = None,
) -> Behaviour:
    """Answer with an error status, optionally with a ``Retry-After`` header (seconds or a date)."""
    more = {**_JSON, **(headers or {})}
    if retry_after is not None:
        more["Retry-After"] = retry_after

    def behave(exchange: Exchange) -> None:
        exchange.answer(code, json.dumps({"error": {"message": message}}).encode(), more)

    return behave


def echo(code: int = 400) -> Behaviour:
    """Answer with an error whose message repeats the whole request, as some servers do."""

    def behave(exchange: Exchange) -> None:
        message = exchange.request.content.decode(errors="replace")
        exchange.answer(code, json.dumps({"error": {"message": message}}).encode(), _JSON)

    return behave


def junk(body: bytes = b"<html>not a chat answer</html>", kind: str = "text/html") -> Behaviour:
    """Answer with status 200 and a body that is not a chat completion."""

    def behave(exchange: Exchange) -> None:
        exchange.answer(200, body, {"Content-Type": kind})

    return behave


def huge(size: int = 50 * 2**20, *, headers: Mapping[str, str] | None = None) -> Behaviour:
    """Answer with a body of this many bytes, written in pieces while the client reads."""

    def behave(exchange: Exchange) -> None:
        exchange.begin(200, _JSON | {"Content-Length": str(size)} | dict(headers or {}))
        exchange.write(b'{"choices": "')
        piece = b"x" * 2**16
        for _ in range(size // len(piece)):
            exchange.write(piece)

    return behave


def redirect(url: str, code: int = 307) -> Behaviour:
    """Answer with a redirect to another URL."""

    def behave(exchange: Exchange) -> None:
        exchange.answer(code, b"", {"Location": url})

    return behave


def stall() -> Behaviour:
    """Accept the request and never answer."""

    def behave(exchange: Exchange) -> None:
        exchange.wait()

    return behave


def drip(*, pause: float = 0.05, include_headers: bool = False, text: str = TEMPLATE) -> Behaviour:
    """Answer one byte at a time.

    Args:
        pause: Seconds between two bytes. Each byte resets the read timeout of most clients.
        include_headers: Whether the headers are sent byte by byte too.
        text: The text of the answer.
    """

    def behave(exchange: Exchange) -> None:
        body = _completion(text)
        # "close" as in every answer: a client that kept the connection would find it broken.
        fields = f"Connection: close\r\nContent-Length: {len(body)}"
        head = f"Content-Type: application/json\r\n{fields}\r\n\r\n".encode()
        exchange.write(b"HTTP/1.1 200 OK\r\n")
        if not include_headers:
            exchange.write(head)
        for byte in (head + body) if include_headers else body:
            exchange.write(bytes([byte]))
            if exchange.wait(pause):
                break

    return behave


def interim(*, pause: float = 0.05) -> Behaviour:
    """Answer with interim responses (``103 Early Hints``) without end."""

    def behave(exchange: Exchange) -> None:
        while not exchange.wait(pause):
            exchange.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")

    return behave


def truncated() -> Behaviour:
    """Answer with half a body, then close the connection."""

    def behave(exchange: Exchange) -> None:
        body = _completion(TEMPLATE)
        exchange.begin(200, _JSON | {"Content-Length": str(len(body))})
        exchange.write(body[: len(body) // 2])

    return behave


def hang_up() -> Behaviour:
    """Close the connection without answering."""
    return lambda exchange: None


def _completion(text: str) -> bytes:
    choice = {
        "index": 0,
        "finish_reason": "stop",
        "message": {"role": "assistant", "content": text},
    }
    return json.dumps(_envelope("chat.completion", choice) | {"usage": _usage()}).encode()


def _events(text: str) -> Sequence[bytes]:
    pieces = text.splitlines(keepends=True)
    choices: list[dict[str, object]] = [
        {"index": 0, "delta": {"role": "assistant", "content": piece}} for piece in pieces
    ]
    choices.append({"index": 0, "delta": {}, "finish_reason": "stop"})
    events = [json.dumps(_envelope("chat.completion.chunk", choice)) for choice in choices]
    return [f"data: {event}\n\n".encode() for event in (*events, "[DONE]")]


def _envelope(kind: str, choice: Mapping[str, object]) -> dict[str, object]:
    return {
        "id": "recorded",
        "object": kind,
        "created": int(time.time()),
        "model": _MODEL,
        "choices": [choice],
    }


def _usage() -> dict[str, int]:
    return {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
