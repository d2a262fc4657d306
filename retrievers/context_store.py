"""The user's private context in a folder of their own machine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings

from cogenesis_langchain.models.trust import require_trusted
from cogenesis_langchain.retrievers.embeddings import LocalMiniLM
from cogenesis_langchain.retrievers.folder import StoreFolder
from cogenesis_langchain.retrievers.records import (
    KIND,
    RESERVED,
    TIME,
    Kind,
    Record,
    check_kind,
    clean_metadata,
    clean_text,
    content_id,
    timestamp,
)

if TYPE_CHECKING:
    from langchain_chroma import Chroma

_BATCH: Final = 256


class ContextStore:
    """Profile, history, activities and documents of one user.

    Args:
        path: The folder; made if it is not there.
        user: Whose context; every user has a collection of their own.
        embeddings: Any LangChain embedding model that runs locally; by default `LocalMiniLM`.
        trusted_hosts: Hosts besides loopback that ``embeddings`` may send private text to.
    """

    def __init__(
        self,
        path: str | Path,
        user: str = "default",
        embeddings: Embeddings | None = None,
        *,
        trusted_hosts: Sequence[str] = (),
    ) -> None:
        if embeddings is not None:
            require_trusted(embeddings, trusted_hosts)
        from langchain_chroma import Chroma

        self._folder = StoreFolder.open(Path(path))
        self._chroma: Chroma = Chroma(
            collection_name=f"context-{hashlib.sha256(user.encode()).hexdigest()[:32]}",
            embedding_function=embeddings or LocalMiniLM(),
            client=self._folder.client,
            collection_configuration={"hnsw": {"space": "cosine"}},
        )

    def add_profile(self, facts: Mapping[str, str] | str) -> list[str]:
        """Add facts about the user, or replace those of the same name.

        Args:
            facts: Fact by name, or a free text.

        Returns:
            Their ids.
        """
        if isinstance(facts, str):
            return [self.add(facts, kind="profile")]
        return self._write(
            Record(
                id=content_id("profile", "", name),
                text=clean_text(f"{name}: {fact}"),
                kind="profile",
            )
            for name, fact in facts.items()
        )

    def add(
        self,
        text: str,
        *,
        kind: Kind = "document",
        metadata: Mapping[str, object] | None = None,
    ) -> str:
        """Add a text; adding it twice changes nothing.

        Returns:
            Its id.
        """
        return self.add_documents(
            [Document(page_content=text, metadata=dict(metadata or {}))], kind=kind
        )[0]

    def add_documents(self, documents: Iterable[Document], *, kind: Kind = "document") -> list[str]:
        """Add LangChain documents.

        Args:
            documents: Any number; a ``kind`` in the metadata goes before the argument.
            kind: What they are.

        Returns:
            Their ids, in the same order.
        """
        return self._write(_record(document, kind) for document in documents)

    def profile(self) -> list[Document]:
        """Return every fact of the profile."""
        return self._documents(self._chroma.get(where={KIND: "profile"}))

    def search(self, query: str, k: int) -> list[Document]:
        """Return the ``k`` records nearest to a query, the profile left out."""
        others: dict[str, Any] = {KIND: {"$ne": "profile"}}
        found = self._chroma.similarity_search(query, k=k, filter=others)
        return [_visible(document) for document in found]

    def _write(self, records: Iterable[Record]) -> list[str]:
        records = list(records)
        unique = list({record.id: record for record in records}.values())
        with self._folder.writing:
            for start in range(0, len(unique), _BATCH):
                batch = unique[start : start + _BATCH]
                self._chroma.add_texts(
                    [record.text for record in batch],
                    [_stored_metadata(record) for record in batch],
                    [record.id for record in batch],
                )
        return [record.id for record in records]

    @staticmethod
    def _documents(found: Mapping[str, list[Any]]) -> list[Document]:
        columns = zip(found["ids"], found["documents"], found["metadatas"], strict=True)
        return [
            _visible(Document(id=id_, page_content=text, metadata=metadata))
            for id_, text, metadata in columns
        ]


def _record(document: Document, kind: Kind) -> Record:
    kind = check_kind(document.metadata.get("kind", kind))
    metadata = clean_metadata(document.metadata)
    text = clean_text(document.page_content)
    return Record(content_id(kind, str(metadata.get("source", "")), text), text, kind, metadata)


def _stored_metadata(record: Record) -> dict[str, object]:
    stored: dict[str, Any] = {**record.metadata, KIND: record.kind}
    if "date" in record.metadata:
        stored[TIME] = timestamp(record.metadata["date"])
    return stored


def _visible(document: Document) -> Document:
    """Hide the store's own metadata, but for the kind."""
    own = {
        name: value for name, value in document.metadata.items() if not name.startswith(RESERVED)
    }
    return Document(
        id=document.id,
        page_content=document.page_content,
        metadata={**own, "kind": document.metadata[KIND]},
    )
