"""The conversation in which the local model completes a template: a question before each unit."""

from __future__ import annotations

from collections.abc import Sequence

from cogenesis_langchain.models.base import PrivateMessage
from cogenesis_langchain.privacy.text import PrivateText


class Conversation:
    """The local model's prompt: one question a unit, the text so far as its answers.

    Args:
        beginning: The turns before the first question; the last one is the user's.
    """

    def __init__(self, beginning: Sequence[PrivateMessage]) -> None:
        self._turns = list(beginning)
        self._answer = ""

    def asked(self, question: str) -> list[PrivateMessage]:
        """The conversation with one more question."""
        return with_question(self._turns, self._answer, question)

    def accept(self, turns: Sequence[PrivateMessage], answer: str) -> None:
        """Keep a question and its answer."""
        self._turns = list(turns)
        self._answer = answer

    def append(self, words: str) -> None:
        """Let the answer go on with words of the template."""
        self._answer += words if self._answer else words.lstrip()


def with_question(
    turns: Sequence[PrivateMessage], answer: str, question: str
) -> list[PrivateMessage]:
    """A conversation with an answer, if there is one yet, and one more question."""
    if answer:
        said = PrivateMessage("assistant", PrivateText(answer))
        return [*turns, said, PrivateMessage("user", PrivateText(question))]
    last = turns[-1]
    whole = PrivateText(last.text.reveal() + question)
    return [*turns[:-1], PrivateMessage(last.role, whole)]
