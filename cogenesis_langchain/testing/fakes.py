"""Typed stand-ins for the private side: no model files, no disk."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import Field

from cogenesis_langchain.models.base import GenerationOptions, LocalChunk, PrivateMessage, Usage


class FakeLocal:
    """A local model that always writes the same, and remembers what it was asked.

    It satisfies `LocalTextModel`. Safe to share by threads.

    Args:
        answer: What it writes, word by word. A field ``{prompt}`` stands for the whole prompt, for
            a model that repeats everything private it was told.
        error: Raised after the first word.
    """

    def __init__(self, answer: str = "A finished text.", *, error: Exception | None = None) -> None:
        self._answer = answer
        self._error = error
        self._lock = threading.Lock()
        self._prompts: list[str] = []

    @property
    def name(self) -> str:
        """For metadata."""
        return "fake-local"

    @property
    def prompts(self) -> tuple[str, ...]:
        """Every prompt it was asked to continue, oldest first, its turns joined."""
        with self._lock:
            return tuple(self._prompts)

    def prefill(self, messages: Sequence[PrivateMessage], options: GenerationOptions) -> None:
        """Do nothing."""

    def stream(
        self, messages: Sequence[PrivateMessage], options: GenerationOptions
    ) -> Iterator[LocalChunk]:
        """Write the answer."""
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
    """A retriever that finds the same texts whatever it is asked.

    Args:
        texts: The private context.
    """

    texts: Sequence[str] = Field(exclude=True, repr=False)

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        return [Document(text) for text in self.texts]
