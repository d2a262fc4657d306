"""Fakes of the private side: a local model and a retriever that need no files."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import Field

from cogenesis_langchain.models.base import GenerationOptions, LocalChunk, PrivateMessage, Usage


class FakeLocal:
    """A `LocalTextModel` that always gives the same answer and keeps its prompts. Thread-safe.

    Args:
        answer: The answer, streamed word by word. ``{prompt}`` in it is replaced by the whole
            prompt, for a model that repeats private text.
        error: An error to raise after the first word.
    """

    def __init__(self, answer: str = "A finished text.", *, error: Exception | None = None) -> None:
        self._answer = answer
        self._error = error
        self._lock = threading.Lock()
        self._prompts: list[str] = []

    @property
    def name(self) -> str:
        """The model's name in metadata."""
        return "fake-local"

    @property
    def prompts(self) -> tuple[str, ...]:
        """All prompts, oldest first, each with its turns joined."""
        with self._lock:
            return tuple(self._prompts)

    def prefill(self, messages: Sequence[PrivateMessage], options: GenerationOptions) -> None:
        """Do nothing."""

    def stream(
        self, messages: Sequence[PrivateMessage], options: GenerationOptions
    ) -> Iterator[LocalChunk]:
        """Stream the answer."""
        prompt = "\n\n".join(message.text.reveal() for message in messages)
        with self._lock:
            self._prompts.append(prompt)
        return self._chunks(self._answer.replace("{prompt}", prompt))

    def _chunks(self, answer: str) -> Iterator[LocalChunk]:
        for word in answer.split(" "):
            yield LocalChunk(f"{word} ")
            if self._error is not None:
                raise self._error
        yield LocalChunk("", "stop", Usage(10, len(answer.split(" "))))


class FixedContext(BaseRetriever):
    """A retriever that returns the same texts for every query.

    Args:
        texts: The private context.
    """

    texts: Sequence[str] = Field(exclude=True, repr=False)

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        return [Document(text) for text in self.texts]
