"""Recomputes a user's vectors from the texts, for another model or after damage."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from langchain_core.embeddings import Embeddings

from cogenesis_langchain.errors import StoreError
from cogenesis_langchain.retrievers.embeddings import LocalEmbeddings
from cogenesis_langchain.retrievers.storage.chroma.chroma_files import ChromaFiles
from cogenesis_langchain.retrievers.storage.chroma.collection import (
    PAGE,
    UserCollection,
    collection_name,
)
from cogenesis_langchain.retrievers.storage.chroma.embedded import REBUILT, StoreFolder
from cogenesis_langchain.retrievers.storage.record_format import record_format_for

RebuildProgress = Callable[[int, int], None]
"""Called with the number of finished records and of all records."""


def rebuild_store(
    path: str | Path,
    user: str = "default",
    embeddings: Embeddings | None = None,
    *,
    key: bytes | None = None,
    trusted_hosts: Collection[str] = (),
    trust: Collection[object] = (),
    progress: RebuildProgress = lambda done, total: None,
) -> int:
    """Embed every record of a user again, into a new collection that then replaces the old one.

    If it is interrupted, the old collection is unchanged.

    Args:
        path: The store's folder; no process may have it open.
        user: The user whose records are embedded.
        embeddings: The new embedding model; None is `LocalMiniLM`.
        key: The store's key, if it is encrypted.
        trusted_hosts: See `ContextStore`.
        trust: See `ContextStore`.
        progress: Called after each page.

    Returns:
        The number of records.

    Raises:
        StoreError: There is no store in the folder, it is in use or cannot be written, or its texts
            cannot be read.
        UntrustedLocalModel: ``embeddings`` is a client of a host that is not trusted.
    """
    model = LocalEmbeddings(embeddings, trusted_hosts, trust)
    record_format = record_format_for(key)
    path = Path(path).expanduser()
    if not ChromaFiles(path).database_exists():  # opening the folder would create one
        raise StoreError(
            f"there is no context store in the folder {path}",
            remedy="check the path; if its database was lost, restore the folder from a backup",
        )
    folder = StoreFolder.open(path, discard_damaged=True)
    try:
        with folder.lock:
            old = UserCollection(folder, collection_name(user), record_format)
            new = UserCollection(folder, old.name + REBUILT, record_format)
            total = old.count()
            for offset in range(0, total, PAGE):
                records = old.select(limit=PAGE, offset=offset)
                new.write(records, model.documents([record.text for record in records]), {})
                progress(offset + len(records), total)
            new.fingerprint = model.fingerprint()
            old.drop()
            new.rename(old.name)
            folder.erase_deleted()
    finally:
        folder.close()
    return total
