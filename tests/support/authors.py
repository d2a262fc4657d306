"""A chat model that answers in given shapes, as an author of records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable, RunnableLambda
from pydantic import BaseModel, PrivateAttr

from experiments.construction.answers import (
    Assignment,
    EarlierWriting,
    Fact,
    Person,
    PersonalText,
    Portraits,
)

Answers = Callable[[type[BaseModel], int], BaseModel | None]


class Scripted(FakeListChatModel):
    """Answers with what a function says, and counts its requests."""

    _answers: Answers = PrivateAttr()
    _asked: list[Any] = PrivateAttr(default_factory=list)

    def __init__(self, answers: Answers) -> None:
        super().__init__(responses=[])
        self._answers = answers

    @property
    def asked(self) -> list[Any]:
        return self._asked

    def with_structured_output(self, schema: Any, **kwargs: Any) -> Runnable[Any, Any]:
        def answer(messages: Any) -> dict[str, object]:
            self._asked.append(messages)
            usage = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
            parsed = self._answers(schema, len(self._asked))
            return {"raw": AIMessage("-", usage_metadata=usage), "parsed": parsed}

        return RunnableLambda(answer)


def sound(shape: type[BaseModel], number: int) -> BaseModel:
    """An answer of any shape without faults; people and tasks differ by the number."""
    words = f"w{number} x{number} y{number} z{number}"
    name = f"Ada Zorn{number}"
    if shape is Portraits:
        return Portraits(groups=["bakers", "sailors", "nurses"])
    if shape is Person:
        return Person(
            style="Short.",
            facts=[f"{name} {words}.", "She bakes.", "She has a cat."],
            activity_log=["01/02 oven broke", "02/02 repair 812 euros", "03/02 rain"],
            earlier_writings=[EarlierWriting(title="Note", text="Come on Tuesday.")],
        )
    if shape is Assignment:
        return Assignment(general=f"Write a note about {words}.", personal="Name the price.")
    return PersonalText(
        text="The repair cost 812 euros.",
        required_facts=[Fact(name="price", forms=["812 euros"])],
        private_strings=["812 euros"],
    )
