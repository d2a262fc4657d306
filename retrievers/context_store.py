"""The user's private context: profile, history, activities and documents, kept locally."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings

from cogenesis_langchain.errors import StoreError
from cogenesis_langchain.retrievers.context_reader import ContextReader
from cogenesis_langchain.retrievers.local_embeddings import LocalEmbeddings
from cogenesis_langchain.retrievers.storage.backend import Backend
from cogenesis_langchain.retrievers.storage.collection import PAGE
from cogenesis_langchain.retrievers.storage.embedded import StoreFolder
from cogenesis_langchain.retrievers.storage.record_format import SOURCE, VERSION, record_format_for
from cogenesis_langchain.retrievers.storage.records import (
    Kind,
    Record,
    digest,
    fact_record,
    make_record,
    unique,
)
from cogenesis_langchain.retrievers.storage.server import StoreServer
from cogenesis_langchain.retrievers.storage.user_records import UserRecords

if TYPE_CHECKING:
    from cogenesis_langchain.retrievers.vector_store import ContextVectorStore


class ContextStore(ContextReader):
    """One user's private context in a folder of this machine.

    A folder holds any number of users, each in a collection of their own, and is open in one
    process at a time. Stores are safe to share between threads.

    Args:
        path: The folder; made if it is not there, readable by its owner alone.
        user: Whose context.
        embeddings: Any LangChain embedding model that runs locally; by default `LocalMiniLM`,
            opened at first use.
        key: 32 bytes to encrypt texts and metadata with, from `read_key_file` or `keyring_key`;
            None keeps them in clear.
        trusted_hosts: Hosts besides loopback that ``embeddings`` may send private text to.

    Raises:
        StoreError: The folder cannot be used, is open in another process, or needs (another) key.
        UntrustedLocalModel: ``embeddings`` would send text to a host that is not trusted.
    """

    def __init__(
        self,
        path: str | Path,
        user: str = "default",
        embeddings: Embeddings | None = None,
        *,
        key: bytes | None = None,
        trusted_hosts: Sequence[str] = (),
    ) -> None:
        model = LocalEmbeddings(embeddings, trusted_hosts)
        self._open(StoreFolder.open(Path(path)), user, model, key)

    @classmethod
    def connect(
        cls,
        host: str,
        port: int,
        user: str = "default",
        embeddings: Embeddings | None = None,
        *,
        ssl: bool = False,
        headers: dict[str, str] | None = None,
        key: bytes | None = None,
        trusted_hosts: Sequence[str] = (),
    ) -> Self:
        """Open the store of a Chroma server, for several processes or machines.

        Args:
            host: Where the server runs.
            port: Its port.
            user: See the class.
            embeddings: See the class.
            ssl: Use TLS.
            headers: Sent with every request. Chroma's server itself asks for no password: let
                only trusted machines reach it, or put a proxy in front that asks for a token.
            key: See the class.
            trusted_hosts: Hosts besides loopback that may hold or embed private text.

        Raises:
            StoreError: The server does not answer.
            UntrustedLocalModel: The server or ``embeddings`` is on a host that is not trusted.
        """
        model = LocalEmbeddings(embeddings, trusted_hosts)
        server = StoreServer(host, port, ssl=ssl, headers=headers, trusted_hosts=trusted_hosts)
        store = cls.__new__(cls)
        store._open(server, user, model, key)
        return store

    def _open(
        self, backend: Backend, user: str, embeddings: LocalEmbeddings, key: bytes | None
    ) -> None:
        self._backend = backend
        self._embeddings = embeddings
        self._key = key
        self.user = user
        self._others: dict[str, ContextStore] = {}
        self._record_format = record_format_for(key)
        super().__init__(UserRecords(backend, user, self._record_format, embeddings))

    def add_profile(self, facts: Mapping[str, str] | str) -> list[str]:
        """Add facts about the user.

        Args:
            facts: Fact by name, such as ``{"Full name": "..."}``, which replaces the fact of the
                same name; or a free text.

        Returns:
            Their ids.
        """
        if isinstance(facts, str):
            return [self.add(facts, kind="profile")]
        key = self._record_format.key
        return self._write(fact_record(name, fact, key=key) for name, fact in facts.items())

    def add(
        self,
        text: str,
        *,
        kind: Kind = "document",
        metadata: Mapping[str, object] | None = None,
    ) -> str:
        """Add a text; adding it twice changes nothing.

        Args:
            text: The text.
            kind: What it is.
            metadata: Text, numbers, booleans, dates or lists of these. ``date`` (ISO 8601) can be
                searched by; ``source`` says where the text is from.

        Returns:
            Its id.

        Raises:
            StoreError: The text is empty, or the metadata cannot be kept.
        """
        document = Document(page_content=text, metadata=dict(metadata or {}))
        return self.add_documents([document], kind=kind)[0]

    def add_documents(self, documents: Iterable[Document], *, kind: Kind = "document") -> list[str]:
        """Add LangChain documents.

        Args:
            documents: Those with an id replace what has that id; others are named by their
                content. ``kind`` in the metadata goes before the argument.
            kind: What they are.

        Returns:
            Their ids, in the same order.

        Raises:
            StoreError: A text is empty, metadata cannot be kept, or two have the same id.
        """
        key = self._record_format.key
        return self._write(make_record(document, kind, key=key) for document in documents)

    def replace_source(
        self, source: str, version: str, documents: Iterable[Document], *, kind: Kind = "document"
    ) -> Iterator[int]:
        """Add what was read from a source and, at the end, delete what it no longer holds.

        It works page by page: if it is broken off, the next call continues, and what an earlier
        version held stays until the new one is complete.

        Args:
            source: Where it was read from; the documents' metadata get it.
            version: Something that differs when the source has changed, such as its hash.
            documents: What it holds; read as they are needed.
            kind: What they are, unless their metadata says it.

        Yields:
            How many of the documents so far are in the store.
        """
        key = self._record_format.key
        version = digest(version, key=key)
        done = 0
        pages = iter(documents)
        while page := list(islice(pages, PAGE)):
            for document in page:
                document.metadata = {**document.metadata, "source": source}
            self._write(make_record(document, kind, key=key, version=version) for document in page)
            done += len(page)
            yield done
        outdated = [{SOURCE: digest(source, key=key)}, {VERSION: {"$ne": version}}]
        self._records.delete(self._records.ids({"$and": outdated}))

    def update(
        self, id: str, *, text: str | None = None, metadata: Mapping[str, object] | None = None
    ) -> str:
        """Change a record.

        Args:
            id: Which one.
            text: Its new text; None leaves it.
            metadata: Its new metadata; None leaves it.

        Returns:
            Its new id, which is the hash of its new content.

        Raises:
            StoreError: There is no such record.
        """
        [before] = self._require([id])
        after = Document(
            page_content=before.page_content if text is None else text,
            metadata=before.metadata if metadata is None else dict(metadata),
        )
        [renamed] = self.add_documents([after], kind=before.metadata["kind"])
        if renamed != id:
            self._records.delete([id])
        return renamed

    def delete(self, ids: Sequence[str]) -> None:
        """Delete records; unknown ids do not matter.

        Their text stays readable in the files until something is written over it: see `forget`.
        """
        self._records.delete(ids)

    def forget(self, ids: Sequence[str]) -> None:
        """Delete records so that their text is in no file of the store any more.

        It rewrites the database: about a second for each ten thousand records of the folder.

        Raises:
            StoreError: There is no record of one of these ids, or the store is on a server.
        """
        self._require(ids)
        self._records.erase(ids)

    def purge(self) -> None:
        """Delete everything of this user so that nothing of it is in any file of the store.

        Raises:
            StoreError: The store is on a server.
        """
        self._records.erase_all()

    def as_vector_store(self, kind: Kind = "document") -> ContextVectorStore:
        """Return the records of one kind as a LangChain vector store."""
        from cogenesis_langchain.retrievers.vector_store import ContextVectorStore

        return ContextVectorStore(self, kind)

    def for_user(self, user: str) -> ContextStore:
        """Return the store of another user in the same place; it is closed with this one."""
        if user == self.user:
            return self
        with self._backend.lock:
            if user not in self._others:
                store = ContextStore.__new__(ContextStore)
                store._open(self._backend, user, self._embeddings, self._key)
                self._others[user] = store
            return self._others[user]

    def close(self) -> None:
        """Let go of the folder, so that another process can open it; the store is used up."""
        with self._backend.lock:
            for store in (self, *self._others.values()):
                store._records.close()
        self._backend.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _require(self, ids: Sequence[str]) -> list[Document]:
        found = self.get(ids)
        if len(found) < len(ids):
            raise StoreError(
                "this user has no record of that id", remedy="see `cogenesis context list`"
            )
        return found

    def _write(self, records: Iterable[Record]) -> list[str]:
        given = list(records)
        self._records.write(unique(given))
        return [record.id for record in given]
