"""A scripted local model and a retriever over a fixed list of texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import ClassVar

from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from support.token_models import WordTokens

from cogenesis_langchain.models.base import (
    GenerationOptions,
    LocalChunk,
    PrivateMessage,
    TokenModel,
    Usage,
)

OUTLINE = "\n".join(f"{number}. point about topic {number}" for number in range(1, 11))
INSTRUCTION = "Write a short note to my neighbour about the hedge."
CONTEXT = "My neighbour is called Bartholomew Quist and lives at 14 Fernbank Road."


class ScriptedLocal:
    """A local model that returns a fixed text and records its prompts."""

    name = "scripted"

    def __init__(self, pieces: Sequence[str] = ("Dear ", "neighbour, ", "the hedge.")) -> None:
        self.pieces = pieces
        self.prompts: list[str] = []
        self.options: list[GenerationOptions] = []
        self.read_ahead: list[str] = []

    def prefill(self, messages: Sequence[PrivateMessage], options: GenerationOptions) -> None:
        self.read_ahead.append("\n".join(message.text.reveal() for message in messages))

    def stream(
        self, messages: Sequence[PrivateMessage], options: GenerationOptions
    ) -> Iterator[LocalChunk]:
        self.prompts.append("\n".join(message.text.reveal() for message in messages))
        self.options.append(options)
        yield from (LocalChunk(piece) for piece in self.pieces)
        yield LocalChunk("", "stop", Usage(100, len(self.pieces)))


class ScriptedTokens(ScriptedLocal):
    """A local model whose tokens are at hand; what it writes freely is scripted.

    Every second `TokenModel` finds one token as probable as another: it stands for the model
    without notes.

    Args:
        model: The other ones.
        pieces: What it writes freely.
    """

    def __init__(self, model: WordTokens, pieces: Sequence[str] = ()) -> None:
        super().__init__(pieces)
        self._models: cycle[TokenModel] = cycle((model, model.without_wishes()))

    def tokens(self) -> TokenModel:
        return next(self._models)


class Documents(BaseRetriever):
    """A retriever that always returns the same texts."""

    cogenesis_local: ClassVar[bool] = True

    texts: list[str]

    def _get_relevant_documents(self, query: str, *, run_manager: object) -> list[Document]:
        return [Document(page_content=text) for text in self.texts]
