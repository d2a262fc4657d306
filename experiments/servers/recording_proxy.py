"""A reverse proxy in front of the cloud endpoint that records the requests of each text.

The first part of a request's path names the worker that writes the text. A request of a worker that
writes no text is refused. An answer is passed on when it is complete.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self, TypeAlias
from urllib.parse import quote, unquote, urlsplit

import httpx2

from cogenesis_langchain.testing.exchange import Exchange, ReceivedRequest
from cogenesis_langchain.testing.recorder import EgressRecorder
from cogenesis_langchain.testing.search import find_leaks
from experiments.attempt import Traffic
from experiments.errors import ExperimentError

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"

_JSON: Final = {"Content-Type": "application/json"}
_HOP: Final = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding"})
"""Headers of one connection, not of the message."""

_NOT_SENT_ON: Final = _HOP | {"accept-encoding", "host"}
_NOT_SENT_BACK: Final = _HOP | {"content-encoding"}  # answers are decompressed here
_READ: Final = ("prompt_tokens", "input_tokens")
_WRITTEN: Final = ("completion_tokens", "output_tokens")


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float


@dataclass
class Recording:
    """The requests and answers of one text, and the time saved by answers from the cache."""

    seconds_saved: float = 0.0
    _passed: list[tuple[str, str, ReceivedRequest, _Answer]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def sha256(self) -> str:
        """The hash of the requests in their order, without the proxy's own address."""
        found = hashlib.sha256()
        for _, prefix, request, _ in self._passed:
            headers = [one for one in request.headers if one[0].lower() != "host"]
            head = (request.method, request.target.removeprefix(prefix), headers)
            found.update(json.dumps(head).encode() + request.body)
        return found.hexdigest()

    def _add(
        self, upstream: str, prefix: str, request: ReceivedRequest, answer: _Answer, *, saved: bool
    ) -> None:
        with self._lock:
            self._passed.append((upstream, prefix, request, answer))
            self.seconds_saved += answer.seconds if saved else 0.0


class RecordingProxy:
    """The proxy; serves on loopback inside a ``with`` block.

    Args:
        upstreams: Names of endpoints to their base URLs.
        reuse_answers: Whether an identical request is answered from a cache.
        timeout: Seconds for one answer.
    """

    def __init__(
        self, upstreams: Mapping[str, str], *, reuse_answers: bool = True, timeout: float = 600.0
    ) -> None:
        self._upstreams = {_in_path(name): urlsplit(url) for name, url in upstreams.items()}
        self._reuse = reuse_answers
        self._answers: dict[tuple[str, str, str, bytes], _Answer] = {}
        self._recordings: dict[str, Recording] = {}
        self._lock = threading.Lock()
        self._client = httpx2.Client(trust_env=False, follow_redirects=False, timeout=timeout)
        self._recorder = EgressRecorder(self._pass_on)

    def __enter__(self) -> Self:
        self._recorder.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._recorder.__exit__(kind, error, traceback)
        self._client.close()

    def base_url(self, worker: str, upstream: str) -> str:
        """The address through which a worker reaches an endpoint."""
        name = _in_path(upstream)
        return f"{self._recorder.url}/{worker}/{name}{self._upstreams[name].path}"

    @contextmanager
    def record(self, worker: str) -> Iterator[Recording]:
        """Record a worker's requests for one text, and let them pass."""
        recording = Recording()
        with self._lock:
            self._recordings[worker] = recording
        try:
            yield recording
        finally:
            with self._lock:
                del self._recordings[worker]

    def traffic(self, recording: Recording, private_strings: Iterable[str]) -> Traffic:
        """Count what passed, and search it for private strings.

        Tokens are counted as the endpoint reports them; if it reports none, token ids in the prompt
        are counted. To search token ids, the endpoint is asked for their text.

        Raises:
            ExperimentError: The endpoint does not detokenise.
        """
        passed = recording._passed
        searched = b"\n".join(self._readable(passed))
        tokens = [_tokens(request, answer) for _, _, request, answer in passed]
        return Traffic(
            calls=len(passed),
            bytes_sent=sum(len(r.head) - len(prefix) + len(r.body) for _, prefix, r, _ in passed),
            bytes_received=sum(len(answer.body) for *_, answer in passed),
            input_tokens=sum(read for read, _ in tokens),
            output_tokens=sum(written for _, written in tokens),
            private_strings=sum(bool(find_leaks(searched, [text])) for text in private_strings),
        )

    def _pass_on(self, exchange: Exchange) -> None:
        self._recorder.clear()  # it would keep every request
        request = exchange.request
        _, worker, upstream, *rest = request.target.split("/", 3)
        with self._lock:
            recording = self._recordings.get(worker)
        if recording is None or upstream not in self._upstreams:
            exchange.answer(410, b'{"error": {"message": "no text is being written here"}}', _JSON)
            return
        path = f"/{''.join(rest)}"
        key = (upstream, request.method, path, request.content)
        known = self._answers.get(key) if self._reuse else None
        answer = known or self._ask(upstream, path, request)
        if answer.status == httpx2.codes.OK:
            self._answers[key] = answer
        recording._add(upstream, f"/{worker}/{upstream}", request, answer, saved=known is not None)
        exchange.answer(answer.status, answer.body, answer.headers)

    def _ask(self, upstream: str, path: str, request: ReceivedRequest) -> _Answer:
        headers = [item for item in request.headers if item[0].lower() not in _NOT_SENT_ON]
        start = time.monotonic()
        try:
            response = self._client.request(
                request.method,
                f"{self._root(upstream)}{path}",
                headers=[*headers, ("Accept-Encoding", "identity")],
                content=request.body,
            )
        except httpx2.HTTPError:
            failed = b'{"error": {"message": "the endpoint cannot be reached"}}'
            return _Answer(502, _JSON, failed, time.monotonic() - start)
        kept = {
            name: value for name, value in response.headers.items() if name not in _NOT_SENT_BACK
        }
        return _Answer(response.status_code, kept, response.content, time.monotonic() - start)

    def _root(self, upstream: str) -> str:
        address = self._upstreams[upstream]
        return f"{address.scheme}://{address.netloc}"

    def _readable(
        self, passed: Iterable[tuple[str, str, ReceivedRequest, _Answer]]
    ) -> Iterator[bytes]:
        """The requests as bytes to search, with token ids as text."""
        sequences: dict[str, set[tuple[int, ...]]] = {}
        for upstream, _, request, _ in passed:
            body = _parsed(request.content)
            if ids := set(_id_lists(body)):
                sequences.setdefault(upstream, set()).update(ids)
                yield request.head
                yield json.dumps(_without_ids(body), ensure_ascii=False).encode()
            else:
                yield request.searchable
        for upstream, found in sequences.items():
            yield from (self._detokenised(upstream, ids) for ids in _longest(found))

    def _detokenised(self, upstream: str, ids: Sequence[int]) -> bytes:
        """Ask llama-server (``content``), vLLM or SGLang (``prompt``) for the text of token ids."""
        path = self._upstreams[upstream].path.rstrip("/").removesuffix("/v1")
        try:
            response = self._client.post(
                f"{self._root(upstream)}{path}/detokenize", json={"tokens": list(ids)}
            )
            answer = _parsed(response.content) if response.is_success else None
        except httpx2.HTTPError:
            answer = None
        known = answer if isinstance(answer, Mapping) else {}
        text = known.get("content", known.get("prompt"))
        if not isinstance(text, str):
            raise ExperimentError(
                f"the endpoint {unquote(upstream)!r} does not say which text its token ids stand "
                "for, so what was sent cannot be searched",
                remedy="leave fused settings out, or use a server that detokenises",
            )
        return text.encode()


def _in_path(name: str) -> str:
    return quote(name, safe="")


def _tokens(request: ReceivedRequest, answer: _Answer) -> tuple[int, int]:
    """Tokens that the endpoint read and wrote for one request."""
    body = _parsed(answer.body)
    usage = body.get("usage") if isinstance(body, Mapping) else None
    for line in answer.body.splitlines() if body is None else ():  # a stream of events
        part = _parsed(line.removeprefix(b"data:"))
        if isinstance(part, Mapping) and part.get("usage"):
            usage = part["usage"]
    if isinstance(usage, Mapping):
        return _first(usage, _READ), _first(usage, _WRITTEN)
    prompts = list(_id_lists(_parsed(request.content)))
    if answer.status != httpx2.codes.OK or not prompts:
        return 0, 0
    return max(map(len, prompts)), len(prompts)


def _first(usage: Mapping[str, Json], names: Iterable[str]) -> int:
    return next((value for name in names if isinstance(value := usage.get(name), int)), 0)


def _parsed(content: bytes) -> Json:
    try:
        value: Json = json.loads(content)
    except ValueError:
        return None
    return value


def _is_ids(value: Json) -> bool:
    return isinstance(value, list) and bool(value) and all(type(item) is int for item in value)


def _id_lists(value: Json) -> Iterator[tuple[int, ...]]:
    """All lists of integers in a body."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        if _is_ids(value):
            yield tuple(value)
        else:
            for item in value:
                yield from _id_lists(item)


def _without_ids(value: Json) -> Json:
    if isinstance(value, Mapping):
        return {name: _without_ids(item) for name, item in value.items()}
    if isinstance(value, list):
        return [] if _is_ids(value) else [_without_ids(item) for item in value]
    return value


def _longest(sequences: Iterable[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Leave out sequences that are a prefix of another one."""
    ordered = sorted(sequences)
    following = [*ordered[1:], ()]
    return [one for one, after in zip(ordered, following, strict=True) if after[: len(one)] != one]
