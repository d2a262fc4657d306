"""A scripted judge."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

from cogenesis_langchain.models.base import GenerationOptions, LocalChunk, PrivateMessage


class Opinionated:
    """A local model that answers by a function of the question, and remembers what it was asked."""

    name = "opinionated"

    def __init__(self, answer: Callable[[str, int], str]) -> None:
        self._answer = answer
        self._lock = threading.Lock()
        self.questions: list[str] = []
        self.seeds: list[int | None] = []

    def prefill(self, messages: Sequence[PrivateMessage], options: GenerationOptions) -> None:
        pass

    def stream(
        self, messages: Sequence[PrivateMessage], options: GenerationOptions
    ) -> Iterator[LocalChunk]:
        question = "\n".join(message.text.reveal() for message in messages)
        with self._lock:
            self.questions.append(question)
            self.seeds.append(options.seed)
            count = len(self.questions)
        yield LocalChunk(self._answer(question, count))
        yield LocalChunk("", "stop")
