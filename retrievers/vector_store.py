"""The records of one kind as a LangChain vector store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from pathlib import Path
from typing import Any, Self

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore

from cogenesis_langchain.retrievers.context_store import ContextStore
from cogenesis_langchain.retrievers.search import Search
from cogenesis_langchain.retrievers.storage.filters import Filter
from cogenesis_langchain.retrievers.storage.records import Kind


class ContextVectorStore(VectorStore):
    """Adapts one kind of records of a context store to LangChain's vector store interface.

    Documents come back as they were added: their metadata has no ``kind``.

    Args:
        store: The context store.
        kind: The kind of records.
    """

    def __init__(self, store: ContextStore, kind: Kind = "document") -> None:
        self._store = store
        self._kind = kind

    def add_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,
    ) -> list[str]:
        """Add texts; those without an id get one from their content.

        Raises:
            StoreError: See `ContextStore.add_documents`.
        """
        texts = list(texts)
        documents = [
            Document(id=id_, page_content=text, metadata={**metadata, "kind": self._kind})
            for id_, text, metadata in zip(
                ids or repeat(None, len(texts)),
                texts,
                metadatas or repeat({}, len(texts)),
                strict=True,
            )
        ]
        return self._store.add_documents(documents)

    def delete(self, ids: list[str] | None = None, **kwargs: Any) -> None:
        """Delete records; None deletes all of this kind. Unknown ids are ignored."""
        self._store.delete(self._store.ids(self._filter()) if ids is None else ids)

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """Return records by id; unknown ids are skipped."""
        return [_without_kind(document) for document in self._store.get(ids)]

    def similarity_search(
        self,
        query: str,
        k: int = 4,
        *,
        filter: Mapping[str, object] | None = None,
        **kwargs: Any,
    ) -> list[Document]:
        """Return the records most similar to a query.

        Args:
            query: The query.
            k: Number of records.
            filter: Metadata filter; see `Filter.where`.
            **kwargs: Options of other vector stores; ignored.
        """
        found = self.similarity_search_with_score(query, k, filter=filter)
        return [document for document, _ in found]

    def similarity_search_with_score(
        self,
        query: str,
        k: int = 4,
        *,
        filter: Mapping[str, object] | None = None,
        **kwargs: Any,
    ) -> list[tuple[Document, float]]:
        """Return the most similar records with their cosines, best first."""
        search = Search(query, k, "similarity", self._filter(filter))
        return [(_without_kind(document), score) for document, score in self._store.search(search)]

    def max_marginal_relevance_search(
        self,
        query: str,
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        *,
        filter: Mapping[str, object] | None = None,
        **kwargs: Any,
    ) -> list[Document]:
        """Return records similar to the query and different from each other; see `Search`."""
        search = Search(query, k, "mmr", self._filter(filter), fetch_k, lambda_mult)
        return [_without_kind(document) for document, _ in self._store.search(search)]

    @classmethod
    def from_texts(
        cls,
        texts: list[str],
        embedding: Embeddings,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        path: str | Path = "context",
        user: str = "default",
        **kwargs: Any,
    ) -> Self:
        """Open a store and add texts to it.

        Args:
            texts: The texts.
            embedding: The store's embedding model; it must run locally.
            metadatas: One for each text.
            ids: One for each text.
            path: The store's folder.
            user: The user whose context this is.
            **kwargs: Options of other vector stores; ignored.
        """
        view = cls(ContextStore(path, user, embedding))
        view.add_texts(texts, metadatas, ids=ids)
        return view

    def _similarity_search_with_relevance_scores(
        self, query: str, k: int = 4, **kwargs: Any
    ) -> list[tuple[Document, float]]:
        """Return relevances in [0, 1]: the cosines, with negative ones set to 0."""
        found = self.similarity_search_with_score(query, k, filter=kwargs.get("filter"))
        return [(document, max(0.0, score)) for document, score in found]

    def _filter(self, where: Mapping[str, object] | None = None) -> Filter:
        return Filter(kinds=[self._kind], where=where or {})


def _without_kind(document: Document) -> Document:
    metadata = {name: value for name, value in document.metadata.items() if name != "kind"}
    return Document(id=document.id, page_content=document.page_content, metadata=metadata)
