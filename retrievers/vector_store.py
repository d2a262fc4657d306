"""The records of one kind as a LangChain vector store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, Self

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore

from cogenesis_langchain.errors import StoreError
from cogenesis_langchain.retrievers.context_store import ContextStore
from cogenesis_langchain.retrievers.search import Search
from cogenesis_langchain.retrievers.storage.filters import Filter
from cogenesis_langchain.retrievers.storage.records import Kind, text_document
from cogenesis_langchain.unknown_parameters import refuse_unknown

_OF_SEARCH: Final = ("k", "filter")


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

        Args:
            texts: The texts.
            metadatas: One for each text; None for none.
            ids: One for each text; None derives them from the content.
            **kwargs: Only ``batch_size``, which LangChain's indexing passes; it changes nothing.

        Raises:
            StoreError: The numbers of texts, metadatas and ids differ; and see
                `ContextStore.add_documents`.
            ConfigurationError: Another option was given.
        """
        refuse_unknown(kwargs, ("batch_size", "ids", "metadatas"), "add_texts")
        return self._store.add_documents(_documents(texts, metadatas, ids, self._kind))

    def delete(self, ids: list[str] | None = None, **kwargs: Any) -> None:
        """Delete records of this kind; None deletes all of them. Unknown ids are ignored.

        Raises:
            ConfigurationError: An option was given besides ``ids``.
        """
        refuse_unknown(kwargs, ("ids",), "delete")
        if ids is None:
            self._store.delete(self._store.ids(self._filter()))
        else:
            self._store.delete([document.id or "" for document in self._own(ids)])

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """Return records of this kind by id; unknown ids are skipped."""
        return [_without_kind(document) for document in self._own(ids)]

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
            **kwargs: None is known.

        Raises:
            StoreError: The store cannot be read, or the filter is not valid.
            ConfigurationError: ``k`` is less than 1, or another option was given.
        """
        found = self.similarity_search_with_score(query, k, filter=filter, **kwargs)
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
        refuse_unknown(kwargs, _OF_SEARCH, "a search by similarity")
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
        refuse_unknown(kwargs, (*_OF_SEARCH, "fetch_k", "lambda_mult"), "a search by mmr")
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
            metadatas: See `add_texts`.
            ids: See `add_texts`.
            path: The store's folder.
            user: The user whose context this is.
            **kwargs: None is known.

        Raises:
            StoreError: See `ContextStore` and `add_texts`.
            ConfigurationError: An option was given that this vector store does not have.
        """
        known = ("metadatas", "ids", "path", "user")
        remedies = {"persist_directory": "give the folder as path=..."}
        refuse_unknown(kwargs, known, "ContextVectorStore.from_texts", elsewhere=remedies)
        view = cls(ContextStore(path, user, embedding))
        with ExitStack() as undo:
            undo.callback(view._store.close)
            view.add_texts(texts, metadatas, ids=ids)
            undo.pop_all()
        return view

    def _similarity_search_with_relevance_scores(
        self, query: str, k: int = 4, **kwargs: Any
    ) -> list[tuple[Document, float]]:
        """Return relevances in [0, 1]: the cosines, with negative ones set to 0."""
        found = self.similarity_search_with_score(query, k, **kwargs)
        return [(document, max(0.0, score)) for document, score in found]

    def _own(self, ids: Sequence[str]) -> list[Document]:
        """Return the records with these ids that are of this kind."""
        found = self._store.get(ids)
        return [document for document in found if document.metadata["kind"] == self._kind]

    def _filter(self, where: Mapping[str, object] | None = None) -> Filter:
        return Filter(kinds=[self._kind], where=where or {})


def _documents(
    texts: Iterable[str],
    metadatas: Sequence[Mapping[str, Any]] | None,
    ids: Sequence[str | None] | None,
    kind: Kind,
) -> list[Document]:
    """Make documents of one kind from LangChain's parallel lists."""
    texts = list(texts)
    metadatas = [{}] * len(texts) if metadatas is None else metadatas
    ids = [None] * len(texts) if ids is None else ids
    if not len(texts) == len(metadatas) == len(ids):
        raise StoreError(
            f"there are {len(texts)} texts, {len(metadatas)} metadatas and {len(ids)} ids",
            remedy="pass one for each text, or none at all",
        )
    return [
        text_document(text, {**metadata, "kind": kind}, id_)
        for text, metadata, id_ in zip(texts, metadatas, ids, strict=True)
    ]


def _without_kind(document: Document) -> Document:
    metadata = {name: value for name, value in document.metadata.items() if name != "kind"}
    return Document(id=document.id, page_content=document.page_content, metadata=metadata)
