"""The only door to a cloud model.

Wraps a LangChain chat model so that it takes `PublicText` alone, under an `EgressPermit`. Models of
langchain-openai are given an HTTP client of our own (`models/cloud/transport.py`), so that the
check and the ledger see the exact bytes of each request, redirects are not followed and total time
and size of an answer are bounded. For any other chat model the messages are checked and recorded as
JSON just before the model is called.
"""

from __future__ import annotations

import json
import threading
import time
import weakref
from collections.abc import Sequence
from queue import Empty, SimpleQueue
from typing import Final

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.outputs import ChatResult

from cogenesis_langchain.errors import (
    CloudAnswerInvalid,
    CloudRateLimited,
    CloudUnavailable,
    CoGenesisError,
)
from cogenesis_langchain.models.base import CloudAnswer, PublicMessage, Usage
from cogenesis_langchain.models.cloud import transport as gate
from cogenesis_langchain.models.cloud.errors import retry_after, translate
from cogenesis_langchain.models.cloud.transport import as_openai_model
from cogenesis_langchain.privacy.border import EgressPermit
from cogenesis_langchain.privacy.untraced import Untraced

_RETRYABLE: Final = (CloudUnavailable, CloudRateLimited)
_FIRST_PAUSE: Final = 0.5
_ROLES: Final[dict[str, type[BaseMessage]]] = {
    "system": SystemMessage,
    "user": HumanMessage,
    "assistant": AIMessage,
}


class CloudModel:
    """A chat model beyond the border.

    Args:
        model: Any LangChain chat model, `ChatOpenAI` first. It is copied; the caller's object is
            left as it is.
        timeout: Seconds for one `generate`, retries and pauses included.
        max_retries: Further attempts when the endpoint cannot be reached, fails (5xx) or asks to
            slow down (429). The model's own retries are switched off, so that attempts are
            counted once.

    Raises:
        ConfigurationError: The model's requests would take a way the caller did not choose.
    """

    def __init__(
        self, model: BaseChatModel, *, timeout: float = 60.0, max_retries: int = 2
    ) -> None:
        self._timeout = timeout
        self._attempts = max_retries + 1
        self._name = _model_name(model)
        openai_model = as_openai_model(model)
        self._gated = openai_model is not None
        self._model: BaseChatModel
        if openai_model is None:
            self._model = _without_own_retries(model)
        else:
            gated = gate.with_gated_client(openai_model)
            weakref.finalize(self, gated.root_client.close)
            self._model = gated

    @property
    def name(self) -> str:
        """The model's name, for metadata."""
        return self._name

    def generate(self, messages: Sequence[PublicMessage], permit: EgressPermit) -> CloudAnswer:
        """Ask for one answer.

        Args:
            messages: The prompt.
            permit: The border's permission.

        Returns:
            The answer.

        Raises:
            PrivacyViolation: Something added private text to the request; nothing was sent.
            CloudError: By kind, without payload, after the last attempt.
        """
        call = gate.CloudCall(
            permit,
            [message.text for message in messages],
            deadline=time.monotonic() + self._timeout,
        )
        prompt = [_ROLES[message.role](str(message.text)) for message in messages]
        pause = _FIRST_PAUSE
        for attempt in range(1, self._attempts + 1):
            try:
                return self._attempt(prompt, call)
            except _RETRYABLE as error:
                wait = max(pause, retry_after(error))
                if attempt == self._attempts or time.monotonic() + wait >= call.deadline:
                    raise
                time.sleep(wait)
                pause *= 2
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _attempt(self, prompt: list[BaseMessage], call: gate.CloudCall) -> CloudAnswer:
        """Ask once, in a thread that is left to end by itself when time is up.

        No read timeout bounds a name that does not resolve, a rate limiter, or a head that drips.
        """
        with gate.current_call(call):
            untraced = Untraced()
        outcome: SimpleQueue[CloudAnswer | CoGenesisError] = SimpleQueue()
        threading.Thread(
            target=lambda: outcome.put(untraced.call(self._ask, prompt, call)),
            daemon=True,
            name="cloud-call",
        ).start()
        try:
            result = outcome.get(timeout=call.seconds_left)
        except Empty:
            result = gate.too_late()
        if isinstance(result, CoGenesisError):
            raise result
        return result

    def _ask(self, prompt: list[BaseMessage], call: gate.CloudCall) -> CloudAnswer | CoGenesisError:
        """Return the answer, or an error that holds neither the request nor its frames."""
        try:
            if self._model.rate_limiter:
                self._model.rate_limiter.acquire(blocking=True)
            if not self._gated:
                call.authorise(f"CALL {type(self._model).__name__}/{self._name}", _as_json(prompt))
            return _answer(self._model._generate(prompt))
        except CoGenesisError as error:
            return error.with_traceback(None)
        # The one place where the exceptions of every provider's client become ours: they hold
        # the request, and whichever they are, the local model must still get to answer.
        except Exception as error:
            return translate(error, self._name).with_traceback(None)


def _without_own_retries(model: BaseChatModel) -> BaseChatModel:
    update: dict[str, object] = {"cache": False}
    if "max_retries" in type(model).model_fields:
        update["max_retries"] = 0
    return model.model_copy(update=update)


def _model_name(model: BaseChatModel) -> str:
    for attribute in ("model_name", "model"):
        name = getattr(model, attribute, None)
        if isinstance(name, str) and name:
            return name
    return type(model).__name__


def _as_json(prompt: Sequence[BaseMessage]) -> bytes:
    body = {"messages": [{"role": turn.type, "content": turn.content} for turn in prompt]}
    return json.dumps(body, ensure_ascii=False).encode()


def _answer(result: ChatResult) -> CloudAnswer:
    message = result.generations[0].message
    text = message.text
    if not text.strip():
        raise CloudAnswerInvalid(
            "the cloud model's answer is empty",
            remedy="check the model; a reasoning model may need a higher max_tokens",
        )
    usage = getattr(message, "usage_metadata", None) or {}
    return CloudAnswer(text, Usage(usage.get("input_tokens", 0), usage.get("output_tokens", 0)))
