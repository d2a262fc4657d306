"""Admission by class: what is known to work here, and what is refused until it is vouched for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar
from unittest import mock

import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.example_selectors import SemanticSimilarityExampleSelector
from langchain_core.prompts import (
    ChatPromptTemplate,
    FewShotChatMessagePromptTemplate,
    FewShotPromptTemplate,
    FewShotPromptWithTemplates,
    HumanMessagePromptTemplate,
    MessagesPlaceholder,
    PromptTemplate,
    StringPromptTemplate,
)
from langchain_core.prompts.dict import DictPromptTemplate
from langchain_core.runnables import RunnableLambda, RunnablePassthrough
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_openai import OpenAIEmbeddings
from support.clients import KEY, Unknown

from cogenesis_langchain import private_prompt
from cogenesis_langchain.errors import UntrustedLocalModel
from cogenesis_langchain.privacy.trust.admission import require_trusted
from cogenesis_langchain.testing import FixedContext


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "key")


class Declared(Unknown):
    cogenesis_local: ClassVar[bool] = True


class Slotted:
    __slots__ = ("host",)


def odd_objects() -> list[object]:
    loop = SimpleNamespace()
    loop.loop = loop
    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]
    return [
        Unknown(),
        Unknown(slot=loop),
        Unknown(slot=deep),
        Slotted(),
        loop,
        deep,
        None,
        mock.MagicMock(),
        RunnableLambda(str),
        type("InMemoryVectorStore", (InMemoryVectorStore,), {})(DeterministicFakeEmbedding(size=4)),
    ]


@pytest.mark.parametrize("odd", odd_objects(), ids=lambda odd: type(odd).__name__)
def test_what_is_not_known_is_refused_until_the_caller_vouches_for_it(odd: object) -> None:
    with pytest.raises(UntrustedLocalModel) as caught:
        require_trusted(odd)
    assert "trust=[...]" in caught.value.remedy
    require_trusted(odd, trust=[odd])
    require_trusted(odd, trust=[type(odd)])


def test_a_function_in_a_passthrough_is_not_known() -> None:
    require_trusted(RunnablePassthrough())
    with pytest.raises(UntrustedLocalModel, match="function"):
        require_trusted(RunnablePassthrough(lambda given: None))


def test_the_examples_of_a_prompt_are_chosen_here() -> None:
    here = DeterministicFakeEmbedding(size=4)
    place: dict[str, Any] = {"base_url": "https://embed.example/v1", "api_key": KEY}
    remote = OpenAIEmbeddings(**place)
    for embedding, admitted in ((here, True), (remote, False)):
        selector = SemanticSimilarityExampleSelector(vectorstore=InMemoryVectorStore(embedding))
        shots = FewShotChatMessagePromptTemplate(
            input_variables=["input"],
            example_selector=selector,
            example_prompt=ChatPromptTemplate.from_template("{input}"),
        )
        prompt = ChatPromptTemplate.from_messages(
            [("system", "Be kind."), shots, ("human", "{input}")]
        )
        if admitted:
            require_trusted(prompt)
            continue
        with pytest.raises(UntrustedLocalModel, match=r"embed\.example"):
            require_trusted(prompt)


def test_a_class_may_declare_that_it_is_local() -> None:
    require_trusted(Declared())


def test_known_local_classes_are_admitted() -> None:
    here = DeterministicFakeEmbedding(size=4)
    store = InMemoryVectorStore(here)
    for thing in (here, store, store.as_retriever(), FixedContext(texts=[])):
        require_trusted(thing)


class OwnTemplate(StringPromptTemplate):
    """Could do anything with what it is filled with."""

    def format(self, **given: Any) -> str:
        return str(given["input"])


def test_a_prompt_of_the_caller_is_refused_inside_a_known_one() -> None:
    own = OwnTemplate(input_variables=["input"])
    human = HumanMessagePromptTemplate(prompt=own)
    shots = FewShotPromptTemplate(
        examples=[],
        example_prompt=PromptTemplate.from_template("{input}"),
        suffix="{input}",
        input_variables=["input"],
    )
    for prompt in (
        ChatPromptTemplate.from_messages([("system", "Be kind."), human]),
        shots.model_copy(update={"example_prompt": own}),
    ):
        with pytest.raises(UntrustedLocalModel, match="OwnTemplate"):
            require_trusted(prompt)
        require_trusted(prompt, trust=[OwnTemplate])


def test_prompts_of_known_classes_are_admitted() -> None:
    shown = PromptTemplate.from_template("{input}")
    for prompt in (
        ChatPromptTemplate.from_messages(["{input}", MessagesPlaceholder("turns")]),
        FewShotPromptWithTemplates(
            examples=[{"input": "1"}], example_prompt=shown, suffix=shown, input_variables=["input"]
        ),
        DictPromptTemplate(template={"text": "{input}"}, template_format="f-string"),
        private_prompt("{input}", "{context}"),
    ):
        require_trusted(prompt)
