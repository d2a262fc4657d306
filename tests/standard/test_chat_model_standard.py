from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_openai import ChatOpenAI
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests
from pydantic import SecretStr

from cogenesis_langchain import ChatCoGenesis, LlamaCppModel, MemoryLedger
from cogenesis_langchain.testing import EgressRecorder, behaviours

WORDS = 40
OBJECT = 96
"""Most tokens of a text, and of a call or an object, which must not be cut off."""


class TestChatCoGenesisUnit(ChatModelUnitTests):
    @property
    def chat_model_class(self) -> type[ChatCoGenesis]:
        return ChatCoGenesis

    @property
    def standard_chat_model_params(self) -> dict[str, Any]:
        # The key belongs to the cloud model, so that ``api_key`` is refused.
        params = super().standard_chat_model_params
        return {name: value for name, value in params.items() if name != "api_key"}

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {
            "cloud": FakeListChatModel(responses=["no outline"]),
            "local": FakeListChatModel(responses=["a text"]),
            "ledger": MemoryLedger(),
        }


@pytest.mark.real
@pytest.mark.filterwarnings("ignore::pytest_benchmark.logger.PytestBenchmarkWarning")
class TestChatCoGenesisIntegration(ChatModelIntegrationTests):
    """The standard suite on a real local model; a server on loopback answers with an outline.

    Both models are real in `tests/real`, the examples and the README's quickstart.
    """

    cloud: ChatOpenAI
    local: LlamaCppModel

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def _models(cls, local_model: LlamaCppModel) -> Iterator[None]:
        cls.local = local_model
        with EgressRecorder(behaviours.chat(behaviours.OUTLINE)) as server:
            cls.cloud = ChatOpenAI(
                base_url=server.base_url, api_key=SecretStr("key"), model="outlines"
            )
            yield

    @property
    def chat_model_class(self) -> type[ChatCoGenesis]:
        return ChatCoGenesis

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {
            "cloud": self.cloud,
            "local": self.local,
            "ledger": MemoryLedger(),
            "max_tokens": WORDS,
            "temperature": 0.0,  # so that the small model does the same in every run
            "sketch": "outline",
        }

    @pytest.fixture
    def model(self, request: pytest.FixtureRequest) -> BaseChatModel:
        longer = any(word in request.node.name for word in ("tool", "structured", "json", "agent"))
        settings = {
            **self.chat_model_params,
            **(getattr(request, "param", None) or {}),
        }
        return self.chat_model_class(**settings | ({"max_tokens": OBJECT} if longer else {}))

    @property
    def supports_model_override(self) -> bool:
        return False  # the two models are objects, not names
