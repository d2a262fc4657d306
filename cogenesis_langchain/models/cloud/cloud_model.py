"""The cloud model: the one object that sends requests to the cloud, in every mode.

It takes public text alone, under an `EgressPermit`. It asks for chat answers (`generate`) and sends
other requests to the same server (`post`, `get`), such as those that score a block of text. Models
of langchain-openai get an HTTP client of ours (`models/cloud/transport.py`), which checks the exact
bytes of each request. For any other chat model the messages are checked and recorded as JSON just
before the model is called, and there is no server to send other requests to.
"""

from __future__ import annotations

import json
import threading
import time
import weakref
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextvars import copy_context
from functools import partial
from queue import Empty, SimpleQueue
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeVar

import httpx2
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.outputs import ChatResult

from cogenesis_langchain.errors import (
    CloudAnswerInvalid,
    CloudRateLimited,
    CloudRefused,
    CloudUnavailable,
    CoGenesisError,
    ConfigurationError,
)
from cogenesis_langchain.models.base import CloudAnswer, Json, PublicMessage
from cogenesis_langchain.models.cloud.answers import answer_of, as_json, turn_of
from cogenesis_langchain.models.cloud.call import CloudCall, set_current_call, too_late
from cogenesis_langchain.models.cloud.configured import Configured, settings_of
from cogenesis_langchain.models.cloud.connection import as_openai_model
from cogenesis_langchain.models.cloud.errors import retry_after, translate
from cogenesis_langchain.models.cloud.transport import server_root, with_checked_client
from cogenesis_langchain.privacy.border import EgressPermit
from cogenesis_langchain.privacy.request_shape import RequestShape, Scalar, parts_of
from cogenesis_langchain.privacy.text import PublicText
from cogenesis_langchain.privacy.trust.untraced import untraced

if TYPE_CHECKING:
    from openai import OpenAI

_T = TypeVar("_T")
_RETRYABLE: Final = (CloudUnavailable, CloudRateLimited)
_FIRST_PAUSE: Final = 0.5
_UNBOUND: Final[Mapping[str, Any]] = MappingProxyType({})
_ROLES: Final[dict[str, type[BaseMessage]]] = {
    "system": SystemMessage,
    "user": HumanMessage,
    "assistant": AIMessage,
}
_MESSAGES: Final = RequestShape(
    frozenset({"messages", "role", "content", *(role(content="").type for role in _ROLES.values())})
)


class CloudModel:
    """A chat model beyond the border, and the server that it talks to.

    What the caller configured on the model holds for every request: base URL, proxy or HTTP client,
    default headers and query, ``extra_body``, API key, organisation and rate limiter. Settings of a
    chat answer, such as the temperature or ``model_kwargs``, hold for `generate` alone.

    Args:
        model: Any LangChain chat model, `ChatOpenAI` first. It is copied, not changed.
        timeout: Seconds for one call of a method, retries and pauses included.
        max_retries: Further attempts when the endpoint cannot be reached, fails (5xx) or asks to
            slow down (429). The model's own retries are switched off.
        padding: The body of each request is filled up with spaces to a multiple of this number of
            bytes; 0 does not.

    Raises:
        ConfigurationError: The environment would redirect the model's requests, or its base URL,
            API key or HTTP client cannot be used; or requests of this model cannot be padded.
    """

    def __init__(
        self,
        model: BaseChatModel,
        *,
        timeout: float = 60.0,
        max_retries: int = 2,
        padding: int = 0,
    ) -> None:
        self._timeout = timeout
        self._padding = padding
        self._attempts = max_retries + 1
        self._name = _model_name(model)
        self._client: OpenAI | None = None
        self._root = ""
        self._extra_body: Mapping[str, Json] = {}
        self._configured: Configured | None = None
        openai_model = as_openai_model(model)
        if openai_model is None:
            if padding:
                raise ConfigurationError(
                    f"the requests of {self._name!r} cannot be padded",
                    remedy="leave padding out, or pass a ChatOpenAI for this server",
                )
            self._model = _without_own_retries(model)
            return
        checked, self._configured = with_checked_client(
            openai_model.model_copy(update=_not_streaming(openai_model))
        )
        self._model = checked
        self._client = checked.root_client
        self._root = server_root(checked)
        self._extra_body = checked.extra_body or {}
        weakref.finalize(self, checked.root_client.close)

    @property
    def name(self) -> str:
        """The model's name: for metadata, and for the server."""
        return self._name

    @property
    def settings(self) -> tuple[str, ...]:
        """What the caller put beside model, address and key: headers, stop strings, a ``user``."""
        return settings_of(self._model) if self._configured is None else self._configured.settings

    def require_server(self) -> None:
        """Check that there is a server for `post` and `get`.

        Raises:
            ConfigurationError: The chat model is not of langchain-openai, or it is one of Azure,
                whose deployments serve chat and give no log-probabilities of a prefix.
        """
        self._server()

    def generate(self, messages: Sequence[PublicMessage], permit: EgressPermit) -> CloudAnswer:
        """Ask for one chat answer.

        Args:
            messages: The prompt.
            permit: The border's permission.

        Returns:
            The answer.

        Raises:
            PrivacyViolation: Something added private text to the request; nothing was sent.
            CloudError: By kind, without payload, after the last attempt.
        """
        prompt = [_ROLES[message.role](str(message.text)) for message in messages]
        public = [message.text for message in messages]
        if self._configured is None:
            call = self._call(public, _MESSAGES, "", permit)
            return self._send(lambda: answer_of(self._generate_checked(prompt, call)), call)
        call = self._call(public, self._configured.shape, self._configured.url, permit)
        return self._send(lambda: answer_of(self._model._generate(prompt)), call)

    def converse(
        self,
        messages: Sequence[BaseMessage],
        public: Sequence[PublicText],
        parts: Iterable[Scalar],
        permit: EgressPermit,
        bound: Mapping[str, Any],
    ) -> AIMessage:
        """Ask for one turn of a conversation with tools.

        Args:
            messages: The conversation, of public texts.
            public: The public texts in it.
            parts: What else of it may leave: ids of calls, names, declarations of tools.
            permit: The border's permission.
            bound: Keyword arguments that the model's own `bind_tools` made.

        Raises:
            PrivacyViolation: Something added private text to the request; nothing was sent.
            CloudError: By kind, without payload, after the last attempt.
        """
        prompt = list(messages)
        if self._configured is None:
            call = self._call(public, _MESSAGES.with_parts(parts), "", permit)
            return self._send(lambda: turn_of(self._generate_checked(prompt, call, bound)), call)
        shape = self._configured.shape.with_parts(parts)
        call = self._call(public, shape, self._configured.url, permit)
        return self._send(lambda: turn_of(self._model._generate(prompt, **bound)), call)

    def post(
        self,
        path: str,
        body: Mapping[str, Json],
        public: Sequence[PublicText],
        permit: EgressPermit,
        *,
        fixed: Collection[str] = (),
        retry: bool = True,
    ) -> Json:
        """Send a request to the model's server.

        Args:
            path: Below the server's root, for example ``/v1/completions``.
            body: Public material only. Its fields replace those of the caller's ``extra_body``.
            public: The public texts in it.
            permit: The border's permission.
            fixed: Texts of this library in it. Any other string that is neither the model's name
                nor of the caller's ``extra_body`` is refused.
            retry: Repeat the request where `generate` would.

        Returns:
            The answer's JSON.

        Raises:
            ConfigurationError: See `require_server`.
            PrivacyViolation: Something added private text to the request; nothing was sent.
            CloudError: By kind, without payload, after the last attempt.
        """
        post = partial(
            self._server().post,
            f"{self._root}{path}",
            cast_to=httpx2.Response,
            body={**self._extra_body, **body},
        )
        shape = RequestShape(frozenset(body)).with_parts(
            [self._name, *fixed, *parts_of(self._extra_body)]
        )
        shape = shape.with_parts(part for part in parts_of(body) if not isinstance(part, str))
        call = self._call(public, shape, self._url(path), permit)
        return self._parsed(self._send(post, call, retry=retry))

    def get(self, path: str, permit: EgressPermit) -> Json | None:
        """Read a description that a server may offer; None if it does not.

        Args:
            path: Below the server's root, for example ``/props``.
            permit: The border's permission.

        Raises:
            ConfigurationError: See `require_server`.
            CloudError: The server cannot be reached.
        """
        get = partial(self._server().get, f"{self._root}{path}", cast_to=httpx2.Response)
        try:
            call = self._call((), RequestShape(), self._url(path), permit)
            return self._parsed(self._send(get, call))
        except (CloudRefused, CloudAnswerInvalid):
            return None

    def _call(
        self,
        public: Sequence[PublicText],
        shape: RequestShape,
        url: httpx2.URL | str,
        permit: EgressPermit,
    ) -> CloudCall:
        deadline = time.monotonic() + self._timeout
        return CloudCall(permit, public, shape, httpx2.URL(url), deadline, self._padding)

    def _url(self, path: str) -> httpx2.URL:
        assert self._configured is not None  # as for every model with a server
        return httpx2.URL(f"{self._root}{path}", params=self._configured.url.params)

    def _send(self, request: Callable[[], _T], call: CloudCall, *, retry: bool = True) -> _T:
        """Attempt a request until it succeeds, fails for good, or time is up.

        Each attempt runs in a thread that is abandoned at the deadline: no timeout of a client
        limits a name that does not resolve, a rate limiter, or a head that arrives byte by byte.
        """
        pause = _FIRST_PAUSE
        attempts = self._attempts if retry else 1
        for attempt in range(1, attempts + 1):
            outcome: SimpleQueue[_T | CoGenesisError] = SimpleQueue()
            # The caller's context goes along: a function that gives the API key may read it.
            work = (self._run, request, call, outcome.put)
            threading.Thread(
                target=copy_context().run, args=work, daemon=True, name="cloud-call"
            ).start()
            try:
                result = outcome.get(timeout=call.require_time())
            except Empty:
                result = too_late()
            if not isinstance(result, CoGenesisError):
                return result
            if not isinstance(result, _RETRYABLE) or attempt == attempts:
                raise result
            wait = max(pause, retry_after(result))
            if time.monotonic() + wait >= call.deadline:
                raise result
            time.sleep(wait)
            pause *= 2
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _run(
        self,
        request: Callable[[], _T],
        call: CloudCall,
        put: Callable[[_T | CoGenesisError], None],
    ) -> None:
        """Make one attempt; put its result, or an error without the request and its frames."""
        try:
            with untraced(), set_current_call(call):
                if self._model.rate_limiter:
                    self._model.rate_limiter.acquire(blocking=True)
                put(request())
        except CoGenesisError as error:
            put(error.with_traceback(None))
        # Exceptions of every provider's client become ours here: they hold the request, and the
        # local model must still get to answer, whichever they are.
        except Exception as error:
            put(translate(error, self._name).with_traceback(None))

    def _generate_checked(
        self, prompt: list[BaseMessage], call: CloudCall, bound: Mapping[str, Any] = _UNBOUND
    ) -> ChatResult:
        """Check and record the messages for a model whose HTTP client is not ours."""
        call.require_time()
        endpoint = f"CALL {type(self._model).__name__}/{self._name}"
        call.permit.authorise(endpoint, as_json(prompt), call.public, call.shape)
        return self._model._generate(prompt, **bound)

    def _server(self) -> OpenAI:
        if self._client is None or type(self._client).__name__ == "AzureOpenAI":
            raise ConfigurationError(
                f"fused decoding cannot ask a {type(self._model).__name__} for log-probabilities "
                "of a prefix",
                remedy="pass a ChatOpenAI with the base_url of a completions server, or use "
                'mode="sketch"',
            )
        return self._client

    def _parsed(self, response: httpx2.Response) -> Json:
        try:
            parsed: Json = json.loads(response.content)
        except (ValueError, RecursionError):
            pass  # it holds the answer, so it must not become the context of the error below
        else:
            return parsed
        raise CloudAnswerInvalid(
            f"the endpoint of {self._name!r} did not answer with JSON", remedy="check the base_url"
        )


def _without_own_retries(model: BaseChatModel) -> BaseChatModel:
    update: dict[str, object] = {"cache": False, **_not_streaming(model)}
    if "max_retries" in type(model).model_fields:
        update["max_retries"] = 0
    return model.model_copy(update=update)


def _not_streaming(model: BaseChatModel) -> dict[str, bool]:
    """Its answer is read whole: `_generate` of a model that streams would get a stream."""
    return {"streaming": False} if "streaming" in type(model).model_fields else {}


def _model_name(model: BaseChatModel) -> str:
    for attribute in ("model_name", "model"):
        name = getattr(model, attribute, None)
        if isinstance(name, str) and name:
            return name
    return type(model).__name__
