"""The author: a chat model that answers in a given shape, with one repair."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage
from pydantic import BaseModel

_Answer = TypeVar("_Answer", bound=BaseModel)
_REPAIR: Final = """{prompt}

An earlier answer could not be used:
{faults}"""


@dataclass(slots=True)
class Cost:
    """What the author took.

    Attributes:
        requests: Requests, repairs included.
        input_tokens: Tokens that it read.
        output_tokens: Tokens that it wrote.
        rejected: Answers that were of no use after their repair.
    """

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    rejected: int = 0


class Author:
    """Asks a chat model.

    Args:
        model: Any LangChain chat model with structured output.
    """

    def __init__(self, model: BaseChatModel) -> None:
        self._model = model
        self.cost = Cost()

    def ask(
        self,
        prompt: str,
        shape: type[_Answer],
        faults_of: Callable[[_Answer], Sequence[str]] = lambda answer: (),
    ) -> _Answer | None:
        """Ask for an answer, and once more if it has faults.

        Args:
            prompt: The question.
            shape: The shape of the answer.
            faults_of: What is wrong with an answer of that shape.

        Returns:
            The answer; None if the second one has faults too.
        """
        asked = prompt
        for _ in range(2):
            answer, faults = self._once(asked, shape, faults_of)
            if answer is not None and not faults:
                return answer
            listed = "\n".join(f"- {fault}" for fault in faults)
            asked = _REPAIR.format(prompt=prompt, faults=listed)
        self.cost.rejected += 1
        return None

    def _once(
        self,
        asked: str,
        shape: type[_Answer],
        faults_of: Callable[[_Answer], Sequence[str]],
    ) -> tuple[_Answer | None, Sequence[str]]:
        structured = self._model.with_structured_output(shape, include_raw=True)
        answered = structured.invoke([HumanMessage(asked)])
        assert isinstance(answered, dict)
        raw, parsed = answered["raw"], answered["parsed"]
        usage = getattr(raw, "usage_metadata", None) or {}
        self.cost.requests += 1
        self.cost.input_tokens += usage.get("input_tokens", 0)
        self.cost.output_tokens += usage.get("output_tokens", 0)
        if not isinstance(parsed, shape):
            return None, ["it was not of the form that was asked for"]
        return parsed, faults_of(parsed)
