"""The context store: profile, history, activities and documents of a user, kept locally."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Self

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings

from cogenesis_langchain.retrievers.context_reader import ContextReader, several
from cogenesis_langchain.retrievers.embeddings import LocalEmbeddings
from cogenesis_langchain.retrievers.storage.chroma.chroma_errors import closed_store
from cogenesis_langchain.retrievers.storage.chroma.embedded import StoreFolder
from cogenesis_langchain.retrievers.storage.chroma.server import StoreServer
from cogenesis_langchain.retrievers.storage.open_store import OpenStore
from cogenesis_langchain.retrievers.storage.record_format import record_format_for
from cogenesis_langchain.retrievers.storage.records import (
    Kind,
    Record,
    fact_record,
    make_record,
    text_document,
    unique,
)

if TYPE_CHECKING:
    from cogenesis_langchain.retrievers.loaders.ingest import FileProgress, FilesReport
    from cogenesis_langchain.retrievers.vector_store import ContextVectorStore


class ContextStore(ContextReader):
    """One user's private context in a local folder.

    A folder holds any number of users, each in their own Chroma collection. One process at a time
    can open it. Stores can be shared between threads.

    Args:
        path: The folder. It is created if it does not exist, with access for its owner only.
        user: The user whose context this is.
        embeddings: Any LangChain embedding model that runs locally. The default is `LocalMiniLM`,
            opened at first use.
        key: 32 bytes that encrypt texts and metadata, from `read_key_file` or `keyring_key`; None
            stores them unencrypted.
        trusted_hosts: Hosts besides loopback that ``embeddings`` may send private text to.
        trust: Embedding models, or their classes, that keep private text within trust although this
            library does not know them.

    Raises:
        StoreError: The folder cannot be used, is open in another process, or needs a key or another
            key.
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
        trust: Sequence[object] = (),
    ) -> None:
        model = LocalEmbeddings(embeddings, trusted_hosts, trust)
        record_format = record_format_for(key)
        self._own(OpenStore(StoreFolder.open(Path(path)), record_format, model), user)

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
        trust: Sequence[object] = (),
    ) -> Self:
        """Open a store on a Chroma server, to share it between processes or machines.

        Args:
            host: Host of the server.
            port: Port of the server.
            user: See the class.
            embeddings: See the class.
            ssl: Use TLS.
            headers: Sent with every request. Chroma's server does not authenticate clients: let
                only trusted machines reach it, or put a proxy that checks a token in front of it.
            key: See the class.
            trusted_hosts: Hosts besides loopback that may store or embed private text.
            trust: See the class.

        Raises:
            StoreError: The server does not answer.
            UntrustedLocalModel: The server or ``embeddings`` is on a host that is not trusted.
        """
        model = LocalEmbeddings(embeddings, trusted_hosts, trust)
        record_format = record_format_for(key)
        server = StoreServer(host, port, ssl=ssl, headers=headers, trusted_hosts=trusted_hosts)
        # The constructor opens a folder, so it is bypassed.
        store = cls.__new__(cls)
        store._own(OpenStore(server, record_format, model), user)
        return store

    def _own(self, opened: OpenStore, user: str) -> None:
        """Become the store that closes what was opened, now if the user's records do not open."""
        with ExitStack() as undo:
            undo.callback(opened.close)
            self._share(opened, user)
            undo.pop_all()
        self._owner = True

    def _share(self, opened: OpenStore, user: str) -> None:
        super().__init__(opened.records(user))
        self.user = user
        self._opened = opened
        self._owner = False

    def add_profile(self, facts: Mapping[str, str] | str) -> list[str]:
        """Add profile facts.

        Args:
            facts: Facts by name, such as ``{"Full name": "..."}``. A fact replaces the existing
                fact of the same name. A string is added as free text.

        Returns:
            The ids of the records.

        Raises:
            StoreError: A fact is empty, or it or its name is not text.
        """
        if isinstance(facts, str):
            return [self.add(facts, kind="profile")]
        key = self._records.key
        return self._write(fact_record(name, fact, key=key) for name, fact in facts.items())

    def add(
        self,
        text: str,
        *,
        kind: Kind = "document",
        metadata: Mapping[str, object] | None = None,
    ) -> str:
        """Add a text. Adding the same text twice changes nothing.

        Args:
            text: The text.
            kind: The kind of the record.
            metadata: Strings, numbers, booleans, dates or lists of these. ``date`` (ISO 8601) can
                be filtered by; ``source`` says where the text comes from.

        Returns:
            The id of the record.

        Raises:
            StoreError: The text is empty or no string, or the metadata cannot be stored.
        """
        return self.add_documents([text_document(text, metadata)], kind=kind)[0]

    def add_documents(self, documents: Iterable[Document], *, kind: Kind = "document") -> list[str]:
        """Add LangChain documents.

        Args:
            documents: Documents with an id replace the record of that id. Others get an id from
                their content. ``kind`` in the metadata takes precedence over the argument.
            kind: The kind of documents whose metadata has none.

        Returns:
            The ids, in the same order.

        Raises:
            StoreError: A text is empty, metadata cannot be stored, or two documents have the same
                id.
        """
        key = self._records.key
        return self._write(make_record(document, kind, key=key) for document in documents)

    def add_files(
        self,
        *paths: str | Path,
        kind: Kind = "document",
        progress: Callable[[FileProgress], None] | None = None,
    ) -> FilesReport:
        """Add files, and folders with all their files.

        Text, Markdown, HTML, PDF, e-mail (.eml, .mbox), calendar, CSV and JSON are read. The file
        ``profile.*`` is the profile; each line of a text file whose name ends in the word ``log``
        is an activity. What is in the store already is not embedded again, so that an interrupted
        run can be repeated; a file that has changed replaces its earlier content.

        Args:
            *paths: Files and folders; ``~`` is the home folder. Hidden files inside folders are
                skipped.
            kind: The kind of records whose file does not decide it.
            progress: Called at least once for each file.

        Returns:
            What was added. A file that cannot be read is among its problems, and the rest is added.

        Raises:
            UnreadableFile: A file or folder does not exist; nothing was added.
        """
        from cogenesis_langchain.retrievers.loaders.ingest import add_files, find_files, report_of

        own = Path(self._opened.backend.location).resolve()
        files = find_files(map(Path, paths), leave_out=own)
        return report_of(add_files(self, files, kind=kind), progress)

    def update(
        self, id: str, *, text: str | None = None, metadata: Mapping[str, object] | None = None
    ) -> str:
        """Change a record.

        Args:
            id: The record.
            text: The new text; None keeps the old one.
            metadata: The new metadata; None keeps the old one.

        Returns:
            The new id, which is the hash of the new content.

        Raises:
            StoreError: There is no such record.
        """
        [before] = self._require([id])
        after = text_document(
            before.page_content if text is None else text,
            before.metadata if metadata is None else metadata,
        )
        [renamed] = self.add_documents([after], kind=before.metadata["kind"])
        if renamed != id:
            self._records.delete([id])
        return renamed

    def delete(self, ids: Sequence[str]) -> None:
        """Delete records; unknown ids are ignored.

        The text stays readable in the files until it is overwritten; see `forget`.

        Raises:
            StoreError: ``ids`` is one string.
        """
        self._records.delete(several(ids))

    def forget(self, ids: Sequence[str]) -> None:
        """Delete records and erase their text from every file of the store.

        This rewrites the database: about a second for every ten thousand records in the folder.

        Raises:
            StoreError: One of the ids does not exist, ``ids`` is one string, or the store is on a
                server.
        """
        self._records.erase([document.id or "" for document in self._require(ids)])

    def purge(self) -> None:
        """Delete everything of this user and erase it from every file of the store.

        Raises:
            StoreError: The store is on a server.
        """
        self._records.erase_all()

    def as_vector_store(self, kind: Kind = "document") -> ContextVectorStore:
        """Return the records of one kind as a LangChain vector store."""
        from cogenesis_langchain.retrievers.vector_store import ContextVectorStore

        return ContextVectorStore(self, kind)

    def for_user(self, user: str) -> ContextStore:
        """Return a store of another user in the same place.

        Closing it leaves this store, and other stores of that user, open. Closing this store closes
        it too, if this store is the one that opened the folder or the connection.

        Args:
            user: The user whose context it is.

        Raises:
            StoreError: This store or the place is closed, or that user's records are encrypted with
                another key.
        """
        if self._open_records is None:
            raise closed_store()
        store = ContextStore.__new__(ContextStore)
        store._share(self._opened, user)
        return store

    def close(self) -> None:
        """Make this store unusable; closing it twice changes nothing.

        If this store opened the folder, the folder is released, so that another process can open
        it, and the stores that `for_user` returned are unusable too.
        """
        super().close()
        if self._owner:
            self._opened.close()

    def _write(self, records: Iterable[Record]) -> list[str]:
        records = list(records)
        self._records.write(unique(records))
        return [record.id for record in records]
