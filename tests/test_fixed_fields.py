"""A field that is changed takes effect in a copy, and cannot be changed in place."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.runnables import ConfigurableField
from pydantic import ValidationError

from cogenesis_langchain import ChatCoGenesis, MemoryLedger
from cogenesis_langchain.errors import ConfigurationError, PrivacyViolation
from cogenesis_langchain.testing import FakeLocal, FixedContext

INSTRUCTION = "Write a note to Zimlor Quovex."


def model(**settings: Any) -> ChatCoGenesis:
    given: dict[str, Any] = {
        "cloud": FakeListChatModel(responses=["No."]),
        "local": FakeLocal("{prompt}"),
        "retriever": FixedContext(texts=["Alice lives here. My name is Zimlor Quovex."]),
        "ledger": MemoryLedger(),
        "on_fallback": "silent",
    }
    return ChatCoGenesis(**{**given, **settings})


@pytest.mark.parametrize(
    "name",
    ["policy", "instruction", "retriever", "ledger", "local", "cloud", "trusted_hosts", "sketch"],
)
def test_a_field_cannot_be_changed_in_place(name: str) -> None:
    made = model()
    before = getattr(made, name)
    with pytest.raises(ConfigurationError, match="model_copy") as caught:
        setattr(made, name, before)
    assert name in caught.value.what
    assert getattr(made, name) is before
    made.metadata = {"mine": 1}  # a field of LangChain's can be


COPIES: dict[str, Callable[[ChatCoGenesis, dict[str, Any]], Any]] = {
    "model_copy": lambda made, update: made.model_copy(update=update),
    "deep model_copy": lambda made, update: made.model_copy(update=update, deep=True),
    "copy of a copy": lambda made, update: copy.copy(made).model_copy(update=update),
    "copy, then another": lambda made, update: made.model_copy(update=update).model_copy(),
    "configurable": lambda made, update: made.configurable_fields(
        **{name: ConfigurableField(id=name) for name in update}
    ).with_config(configurable=update),
}


@pytest.mark.parametrize("way", COPIES)
def test_a_copy_takes_effect(way: str) -> None:
    made = model()
    ledger, local = MemoryLedger(), FakeLocal("from another model")
    bob = COPIES[way](made, {"retriever": FixedContext(texts=["Bob lives here."])})
    assert "Bob lives here" in bob.invoke(INSTRUCTION).text
    assert "Alice" not in bob.invoke(INSTRUCTION).text
    with pytest.raises(PrivacyViolation):
        COPIES[way](made, {"policy": "block"}).invoke(INSTRUCTION)
    assert COPIES[way](made, {"local": local}).invoke(INSTRUCTION).text.strip() == local._answer
    COPIES[way](made, {"ledger": ledger}).invoke(INSTRUCTION)
    assert ledger.entries
    nothing = COPIES[way](made, {"instruction": "marked"}).invoke(INSTRUCTION)
    assert nothing.response_metadata["cogenesis"]["cloud_calls"] == 0
    cloud = FakeListChatModel(responses=["Never."])
    COPIES[way](made, {"cloud": cloud}).invoke(INSTRUCTION)
    assert "Alice" in made.invoke(INSTRUCTION).text  # the original stays as it was


def test_a_copy_is_checked_like_a_new_model() -> None:
    with pytest.raises(ValidationError):
        model().model_copy(update={"policy": "none"})
    with pytest.raises(ConfigurationError):
        model().model_copy(update={"mode": "fused"})
