"""Scoring blocks over HTTP: what a completions server can do, found out once, and then asked.

`CompletionsEndpoint.probe` tries the dialects of `score_dialects.py` with fixed texts and keeps the
first that gives a usable answer, for token ids and for text. What is sent afterwards is public by
type: `PublicTokens` and `PublicText`.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, replace
from typing import Final, TypeAlias, final

import httpx

from cogenesis_langchain.errors import (
    CloudAnswerInvalid,
    CloudRefused,
    CloudUnavailable,
    FusionError,
)
from cogenesis_langchain.models.base import PublicMessage, Role, StringTopK, TopK
from cogenesis_langchain.models.chat_formats import CHAT_END, ChatFormat, field_name, render
from cogenesis_langchain.models.cloud_errors import translate
from cogenesis_langchain.models.score_dialects import (
    Echo,
    Json,
    LlamaServer,
    LlamaText,
    SgLang,
    TextDialect,
    TokenDialect,
    Vllm,
    observed_shift,
)
from cogenesis_langchain.privacy.disclosure import PublicTokens
from cogenesis_langchain.privacy.text import PublicText
from cogenesis_langchain.prompts import PublicTemplate

OnRequest: TypeAlias = Callable[[str, bytes, Sequence[PublicText]], None]
"""Called with method and URL, the exact body and the public texts in it, before each request
leaves. What it raises stops the request; `Departure.clear` fits."""

WANTED_K: Final = 20
_FEWER_K: Final = 5
_MAX_ANSWER_BYTES: Final = 32 * 2**20
_UNLIMITED: Final = 2**31
# Some servers answer a request of another dialect with 500 rather than 400.
_CANNOT: Final = (CloudRefused, CloudAnswerInvalid, CloudUnavailable)
_PROBE_IDS: Final = (100, 200, 300)
_PROBE_TEXTS: Final = ("The quick brown fox jumps over the lazy", "One, two, three, four,")


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a server can do.

    Attributes:
        tokens: How it scores token ids, if it does.
        texts: How it scores texts, if it does.
        max_k: Most tokens a position.
        window: Most tokens of a sequence; very large where the server does not say.
        end_tokens: Ids that end the cloud model's turn; empty where the server does not tokenise.
    """

    tokens: TokenDialect | None
    texts: TextDialect | None
    max_k: int
    window: int
    end_tokens: frozenset[int]


@final
class CompletionsEndpoint:
    """A server that completes a prefix, over HTTP.

    Redirects are not followed and proxies of the environment are not used. Errors are those of the
    tree's `CloudError`, without request or answer.

    Args:
        base_url: Its address, with or without ``/v1``.
        model: Name it knows the model by.
        on_request: Told of each request before it leaves.
        api_key: Sent as a bearer token.
        chat_format: How the model marks turns; needed for servers that do not apply the chat
            template themselves (SGLang, Together, llama_cpp.server).
        timeout: Seconds for one whole request.
    """

    def __init__(
        self,
        base_url: str,
        *,
        model: str,
        on_request: OnRequest,
        api_key: str | None = None,
        chat_format: ChatFormat | None = None,
        timeout: float = 60.0,
    ) -> None:
        self._root = base_url.rstrip("/").removesuffix("/v1")
        self._model = model
        self._on_request = on_request
        self._chat_format = chat_format
        self._timeout = timeout
        headers = {} if api_key is None else {"Authorization": f"Bearer {api_key}"}
        self._client = httpx.Client(
            headers=headers, trust_env=False, follow_redirects=False, timeout=timeout
        )
        self._probed: list[Capabilities] = []  # at most one; shared by every `under`
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """Name of the model."""
        return self._model

    def under(self, on_request: OnRequest) -> CompletionsEndpoint:
        """The same server over the same connections, its requests told to someone else."""
        twin = copy(self)
        twin._on_request = on_request
        return twin

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def probe(self) -> Capabilities:
        """Find out what the server can do; asks it once, with fixed texts.

        Raises:
            FusionError: It can score neither token ids nor text.
            CloudError: It cannot be reached, or refuses the credentials.
        """
        with self._lock:
            if not self._probed:
                self._probed.append(self._ask_all())
            return self._probed[0]

    def _ask_all(self) -> Capabilities:
        window = self._window()
        ends = self._end_tokens()
        llama = self._get("/props") is not None
        token_dialects: list[TokenDialect] = (
            [LlamaServer()] if llama else [SgLang(), Vllm(self._model)]
        )
        text_dialects: list[TextDialect] = (
            [LlamaText(ends)] if llama else [Echo(self._model, CHAT_END)]
        )
        for k in (WANTED_K, _FEWER_K):
            tokens = next((d for d in token_dialects if self._scores_ids(d, k)), None)
            texts = next((t for d in text_dialects if (t := self._scores_text(d, k))), None)
            if tokens or texts:
                return Capabilities(tokens, texts, k, window, ends)
        raise FusionError(
            f"the server of {self._model!r} gives no log-probabilities for a prefix",
            remedy='use mode="sketch", or a server that scores prompts: vLLM, SGLang, '
            "llama-server, llama_cpp.server with --logits_all true, Together",
        )

    def _scores_ids(self, dialect: TokenDialect, k: int) -> bool:
        try:
            body = self.post(dialect.path, dialect.request(_PROBE_IDS, 1, k), ())
            return len(dialect.answer(body, _PROBE_IDS, 1, k)) == len(_PROBE_IDS)
        except _CANNOT:
            return False

    def _scores_text(self, dialect: TextDialect, k: int) -> TextDialect | None:
        try:
            bodies = {
                text: self.post(dialect.path, dialect.request([text], k), ())
                for text in _PROBE_TEXTS
            }
            if isinstance(dialect, Echo):
                dialect = replace(dialect, shift=observed_shift(bodies))
            answers = [dialect.answer(body, [text], k) for text, body in bodies.items()]
        except _CANNOT:
            return None
        return dialect if all(answers) else None

    def _window(self) -> int:
        """Most tokens of a sequence, as llama-server, vLLM and SGLang tell it."""
        settings = _at(self._get("/props"), "default_generation_settings", "n_ctx")
        models = _at(self._get("/v1/models"), "data")
        first = models[0] if isinstance(models, list) and models else None
        for window in (settings, _at(first, "max_model_len")):
            if isinstance(window, int) and window > 0:
                return window
        return _UNLIMITED

    def _end_tokens(self) -> frozenset[int]:
        ids = (self._tokenized(mark) for mark in sorted(CHAT_END))
        return frozenset(found[0] for found in ids if found is not None and len(found) == 1)

    def encode(self, text: PublicText) -> list[int] | None:
        """Token ids of a text by the server's tokenizer; None if it offers none."""
        return self._tokenized(str(text), (text,))

    def _tokenized(self, text: str, public: Sequence[PublicText] = ()) -> list[int] | None:
        """Ask llama-server (``content``), vLLM and SGLang (``prompt``) for token ids."""
        body: dict[str, Json] = {
            "model": self._model,
            "content": text,
            "prompt": text,
            "add_special": False,
            "add_special_tokens": False,
            "parse_special": True,
        }
        with suppress(CloudRefused, CloudAnswerInvalid):
            return _ids(_at(self.post("/tokenize", body, public), "tokens"))
        return None

    def render(self, messages: Sequence[PublicMessage]) -> PublicText:
        """Render a prompt, up to where the cloud model's turn begins.

        A server that applies its chat template is asked to apply it to the names of the turns,
        not to their texts.

        Raises:
            FusionError: The server does not apply its chat template, and no format was given.
            CloudError: By kind.
        """
        roles = [message.role for message in messages]
        template = self._template(roles) if self._chat_format is None else self._chat_format(roles)
        try:
            return render(template, messages)
        except ValueError:
            raise FusionError(
                f"the chat template of {self._model!r} drops or repeats turns",
                remedy="give the endpoint chat_format=, for instance chatml",
            ) from None

    def _template(self, roles: Sequence[Role]) -> PublicTemplate:
        turns: list[Json] = [
            {"role": role, "content": f"{{{field_name(index)}}}"}
            for index, role in enumerate(roles)
        ]
        for applied in (self._applied_by_llama_server, self._applied_by_vllm):
            with suppress(CloudRefused, CloudAnswerInvalid):
                return PublicTemplate(applied(turns))
        raise FusionError(
            f"the server of {self._model!r} does not apply its chat template to a prefix",
            remedy="give the endpoint chat_format=, for instance chatml",
        )

    def _applied_by_llama_server(self, turns: Json) -> str:
        return _text(_at(self.post("/apply-template", {"messages": turns}, ()), "prompt"))

    def _applied_by_vllm(self, turns: Json) -> str:
        request: dict[str, Json] = {"model": self._model, "messages": turns}
        ids = _at(self.post("/tokenize", request, ()), "tokens")
        answer = self.post("/detokenize", {"model": self._model, "tokens": ids}, ())
        return _text(_at(answer, "prompt"))

    def post(self, path: str, body: Json, public: Sequence[PublicText]) -> Json:
        """Send a request.

        Args:
            path: Below the server's root.
            body: Public material only.
            public: The public texts in it, for `on_request`.

        Raises:
            CloudError: By kind.
        """
        payload = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        answer = self._send("POST", path, payload, public)
        try:
            parsed: Json = json.loads(answer)
        except ValueError:
            raise CloudAnswerInvalid(
                f"the endpoint of {self._model!r} answered something else than JSON",
                remedy="check the base URL",
            ) from None
        return parsed

    def _get(self, path: str) -> Json:
        """Read a description that a server may offer; None if it does not."""
        with suppress(CloudRefused, ValueError):
            parsed: Json = json.loads(self._send("GET", path, b"", ()))
            return parsed
        return None

    def _send(self, method: str, path: str, payload: bytes, public: Sequence[PublicText]) -> bytes:
        url = f"{self._root}{path}"
        self._on_request(f"{method} {url}", payload, public)
        headers = {"Content-Type": "application/json"} if payload else {}
        deadline = time.monotonic() + self._timeout
        try:
            with self._client.stream(method, url, content=payload, headers=headers) as response:
                if response.status_code != httpx.codes.OK:
                    raise translate(_HttpFailure(response), self._model) from None
                return self._read(response, deadline)
        except httpx.TimeoutException:
            raise translate(TimeoutError(), self._model) from None
        except httpx.TransportError:
            raise translate(ConnectionError(), self._model) from None

    def _read(self, response: httpx.Response, deadline: float) -> bytes:
        """Read an answer up to a size and a time, however slowly it drips in."""
        received = bytearray()
        for chunk in response.iter_bytes():
            received += chunk
            if len(received) > _MAX_ANSWER_BYTES:
                raise CloudAnswerInvalid(
                    f"the answer of {self._model!r} is larger than {_MAX_ANSWER_BYTES} bytes",
                    remedy="check the base URL",
                )
            if time.monotonic() > deadline:
                raise translate(TimeoutError(), self._model) from None
        return bytes(received)


class _HttpFailure(Exception):
    """A status other than 200, in the shape that `translate` reads; holds no body."""

    def __init__(self, response: httpx.Response) -> None:
        self.status_code = response.status_code
        self.response = response


@final
class HttpBlockScorer:
    """A `BlockScorer` over HTTP.

    Args:
        endpoint: The server.

    Raises:
        FusionError: It does not score token ids.
        CloudError: By kind.
    """

    def __init__(self, endpoint: CompletionsEndpoint) -> None:
        self._endpoint = endpoint
        able = endpoint.probe()
        if able.tokens is None:
            raise FusionError(
                f"the server of {endpoint.name!r} does not score token ids",
                remedy="score text with HttpTextScorer",
            )
        self._dialect = able.tokens
        self.window = able.window
        self.max_k = able.max_k
        self.end_tokens = able.end_tokens

    def score(self, sequence: PublicTokens, start: int, k: int) -> list[TopK]:
        """Top-k after ``ids[:i]`` for each i in start..len(sequence).

        Raises:
            FusionError: k is larger than the server allows.
            CloudError: By kind.
        """
        _require_k(k, self.max_k, self._endpoint.name)
        dialect = self._dialect
        body = self._endpoint.post(dialect.path, dialect.request(sequence.ids, start, k), ())
        return dialect.answer(body, sequence.ids, start, k)


@final
class HttpTextScorer:
    """A `TextScorer` over HTTP.

    Args:
        endpoint: The server.

    Raises:
        FusionError: It does not score text.
        CloudError: By kind.
    """

    def __init__(self, endpoint: CompletionsEndpoint) -> None:
        self._endpoint = endpoint
        able = endpoint.probe()
        if able.texts is None:
            raise FusionError(
                f"the server of {endpoint.name!r} does not score text",
                remedy="use a local model with the cloud model's tokenizer, or the sketch mode",
            )
        self._dialect = able.texts
        self.max_k = able.max_k

    def score_text(self, prefixes: Sequence[PublicText], k: int) -> list[StringTopK]:
        """Top-k behind the first prefixes, up to the first that this request does not tell.

        Where the server's tokens run across the end of even the first prefix, that one is asked
        for again by itself.

        Raises:
            FusionError: k is larger than the server allows.
            CloudError: By kind.
        """
        _require_k(k, self.max_k, self._endpoint.name)
        answers = self._ask(prefixes, k)
        if not answers and len(prefixes) > 1:
            answers = self._ask(prefixes[:1], k)
        if not answers:
            raise CloudAnswerInvalid(
                f"the server of {self._endpoint.name!r} re-tokenises the text so that its end "
                "is not to be found",
                remedy="use a server that takes token ids or lists of prompts",
            )
        return answers

    def _ask(self, prefixes: Sequence[PublicText], k: int) -> list[StringTopK]:
        texts = [str(prefix) for prefix in prefixes]
        request = self._dialect.request(texts, k)
        body = self._endpoint.post(self._dialect.path, request, prefixes)
        return self._dialect.answer(body, texts, k)


def _require_k(k: int, max_k: int, name: str) -> None:
    if not 1 <= k <= max_k:
        raise FusionError(
            f"the server of {name!r} gives at most {max_k} tokens a position, not {k}",
            remedy=f"ask for 1 to {max_k}",
        )


def _at(value: Json, *names: str) -> Json:
    """Value under nested names; None where one is missing."""
    for name in names:
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise CloudAnswerInvalid("the answer holds no text", remedy="check the base URL")
    return value


def _ids(value: Json) -> list[int] | None:
    if not isinstance(value, list) or not all(isinstance(item, int) for item in value):
        return None
    return value
