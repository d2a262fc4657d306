"""Chat models of other providers as the cloud."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from support.asking import SECRET, ask, everything_of
from support.releases import INSTRUCTION, permit

from cogenesis_langchain.errors import (
    CloudAnswerInvalid,
    CloudTimeout,
    CloudUnavailable,
    CoGenesisError,
)
from cogenesis_langchain.models.cloud.cloud_model import CloudModel
from cogenesis_langchain.privacy.ledger.entry import MemoryLedger


class Slow(FakeListChatModel):
    seconds: float

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        time.sleep(self.seconds)
        return super()._generate(*args, **kwargs)


class Failing(FakeListChatModel):
    error: Exception

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        raise self.error from ValueError(messages[0].text)


class Odd(FakeListChatModel):
    generations: list[ChatGeneration]

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        return ChatResult(generations=self.generations)


def test_any_chat_model_can_be_the_cloud() -> None:
    ledger = MemoryLedger()
    prompt, permission = permit(ledger=ledger)
    assert CloudModel(FakeListChatModel(responses=["here"])).generate(prompt, permission).text
    (entry,) = ledger.entries
    assert entry.endpoint == "CALL FakeListChatModel/FakeListChatModel"
    assert json.loads(entry.payload) == {"messages": [{"role": "human", "content": INSTRUCTION}]}


def test_any_chat_model_has_the_deadline() -> None:
    started = time.monotonic()
    with pytest.raises(CloudTimeout):
        ask(Slow(responses=["late"], seconds=5.0), timeout=0.2)
    assert time.monotonic() - started < 4.0


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TimeoutError(SECRET), CloudTimeout),
        (ConnectionResetError(SECRET), CloudUnavailable),
        (ValueError(SECRET), CloudAnswerInvalid),
        (RecursionError(SECRET), CloudAnswerInvalid),
        (MemoryError(SECRET), CloudAnswerInvalid),
    ],
)
def test_any_models_exceptions_are_translated_and_dropped(
    error: Exception, kind: type[CoGenesisError]
) -> None:
    with pytest.raises(kind) as caught:
        ask(Failing(responses=[], error=error))
    assert SECRET not in everything_of(caught.value)


def test_answers_without_text_are_told() -> None:
    empty: list[list[ChatGeneration]] = [
        [],
        [ChatGeneration(message=AIMessage(""))],
        [ChatGeneration(message=AIMessage([{"type": "image", "url": "http://x.test"}]))],
    ]
    for generations in empty:
        with pytest.raises(CloudAnswerInvalid):
            ask(Odd(responses=[], generations=generations))


def test_a_models_own_retries_are_off() -> None:
    class Retrying(FakeListChatModel):
        max_retries: int = 6

    assert CloudModel(Retrying(responses=["here"]))._model.max_retries == 0  # type: ignore[attr-defined]
